"""The order form of a service."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Service
from core.money import plain

# The fields that make an order a plan.
PLANNED = ("runs", "interval", "start_at")


class OrderForm(forms.Form):
    """Link and quantity, and unseen: the price the customer saw, and a key that makes a second click harmless."""

    link = forms.CharField(label=_("Link"), error_messages={"required": _("Enter the link to the page or post.")})
    quantity = forms.IntegerField(
        label=_("Quantity"),
        # Not of type `number`: what was typed stays there to be corrected, whatever it was.
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": _("Enter how many."), "invalid": _("Enter a whole number.")},
    )
    runs = forms.IntegerField(
        label=_("Runs"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": _("Enter a whole number.")},
    )
    interval = forms.IntegerField(
        label=_("Interval"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": _("Enter a whole number.")},
    )
    start_at = forms.DateTimeField(
        label=_("Start at"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"invalid": _("Enter a date and a time.")},
    )
    shown_price = forms.DecimalField(widget=forms.HiddenInput, max_digits=18, decimal_places=6)
    shown_unit = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    form_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, service: Service, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.service = service
        self.fields["link"].widget.attrs |= {"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        if service.is_product:
            for name in ("link", *PLANNED):
                del self.fields[name]

    @property
    def is_planned(self) -> bool:
        """Whether a valid form asks for more than one run, or for a start later on."""
        return any(self.cleaned_data.get(name) for name in PLANNED)

    @property
    def plan_open(self) -> bool:
        """Whether the fields of a plan have something in them to be seen."""
        return any(name in self.fields and (self[name].value() or self[name].errors) for name in PLANNED)

    @classmethod
    def fresh(cls, service: Service, **given: Any) -> "OrderForm":
        """An unsent form at the price of now."""
        initial = {
            "shown_price": plain(service.price),
            "shown_unit": service.unit,
            "form_key": uuid.uuid4().hex,
            "quantity": service.min,
        }
        return cls(service=service, initial={**initial, **{k: v for k, v in given.items() if v}})

    def offer_anew(self, service: Service) -> None:
        """Show the form again at a price the customer has not agreed to yet: sending it is their yes."""
        self.data = {
            **{name: self.data.get(name) for name in self.data},
            "shown_price": plain(service.price),
            "shown_unit": service.unit,
        }
