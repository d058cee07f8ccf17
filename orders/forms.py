"""The order form of a service."""

import re
import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Service
from catalog.promotions import LONGEST
from catalog.terms import Terms
from core.money import parse, plain

# `1000:1.1 5000:1`: from so many pieces on, USD for one rate unit.
_STEPS = re.compile(r"\A([0-9]{1,18}:[0-9]{1,12}(\.[0-9]{1,6})?( |\Z)){0,50}\Z", re.ASCII)


class OrderForm(forms.Form):
    """Link, quantity and promotion code, and unseen: the prices that the customer saw, and a key that makes a second
    click harmless."""

    link = forms.CharField(label=_("Link"), error_messages={"required": _("Enter the link to the page or post.")})
    quantity = forms.IntegerField(
        label=_("Quantity"),
        # Not of type `number`: what was typed stays there to be corrected, whatever it was.
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"required": _("Enter how many."), "invalid": _("Enter a whole number.")},
    )
    promo = forms.CharField(
        label=_("Promotion code"),
        required=False,
        max_length=LONGEST,
        error_messages={"max_length": _("There is no such code.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    shown_price = forms.DecimalField(widget=forms.HiddenInput, max_digits=18, decimal_places=6)
    shown_unit = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    shown_steps = forms.RegexField(_STEPS, required=False, widget=forms.HiddenInput)
    form_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, service: Service, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.service = service
        self.fields["link"].widget.attrs |= {"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
        if service.is_product:
            del self.fields["link"]

    @classmethod
    def fresh(cls, service: Service, terms: Terms, **given: Any) -> "OrderForm":
        """An unsent form at the price of now."""
        initial = {
            **_shown(service, terms),
            "form_key": uuid.uuid4().hex,
            "quantity": service.min,
        }
        return cls(service=service, initial={**initial, **{k: v for k, v in given.items() if v}})

    @classmethod
    def applying(cls, data: Any, service: Service, terms: Terms) -> "OrderForm":
        """The form as it was sent to see what a code takes off: what is still empty in it is no mistake yet."""
        form = cls(data, service=service)
        needed = [field for field in form.fields.values() if field.required]
        for field in needed:
            field.required = False
        form.full_clean()
        for field in needed:
            field.required = True
        form.offer_anew(service, terms)
        return form

    def offer_anew(self, service: Service, terms: Terms) -> None:
        """Show the form again at a price the customer has not agreed to yet: sending it is their yes."""
        self.data = {**{name: self.data.get(name) for name in self.data}, **_shown(service, terms)}

    def shown_for(self, quantity: int) -> Decimal:
        """The price in USD that the customer saw for this quantity, of a valid form."""
        price: Decimal = self.cleaned_data["shown_price"]
        for step in self.cleaned_data["shown_steps"].split():
            start, _colon, stepped = step.partition(":")
            if int(start) <= quantity:
                price = parse(stepped)
        return price


def _shown(service: Service, terms: Terms) -> dict[str, Any]:
    """The prices of now, as the form carries them back."""
    first, *steps = terms.prices_from(service)
    return {
        "shown_price": plain(first.price),
        "shown_unit": service.unit,
        "shown_steps": " ".join(f"{step.quantity}:{plain(step.price)}" for step in steps),
    }
