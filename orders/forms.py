"""The order form of a service, and the one for many lines at once."""

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
from orders import mass

# `1000:1.1 5000:1`: from so many pieces on, USD for one rate unit.
_STEPS = re.compile(r"\A([0-9]{1,18}:[0-9]{1,12}(\.[0-9]{1,6})?( |\Z)){0,50}\Z", re.ASCII)


class MassForm(forms.Form):
    """Lines to order, pasted or as a file. What was checked comes along with it: see `views_mass`."""

    text = forms.CharField(
        label=_("Lines"),
        strip=False,
        error_messages={"required": _("Paste your lines, or choose a file.")},
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false", "autocomplete": "off", "wrap": "off"}),
    )
    file = forms.FileField(
        label=_("Or a file"),
        required=False,
        allow_empty_file=True,
        max_length=None,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].required = not self.files.get("file")

    def clean_file(self) -> str:
        """The text in the file."""
        file = self.cleaned_data["file"]
        if file is None:
            return ""
        if file.size > mass.MOST_BYTES:
            raise forms.ValidationError(_("The file is too large: at most 1 MB."))
        try:
            return mass.decode(file.read())
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None

    def clean(self) -> dict[str, Any]:
        """`lines`: what is to be read, of both together."""
        given = super().clean() or {}
        if self.errors:
            return given
        text = "\n".join(part for part in (given["text"].removeprefix("\ufeff"), given["file"]) if part.strip())
        try:
            given["lines"] = mass.read(text)
        except mass.TooMuch as error:
            self.add_error("file" if given["file"].strip() else "text", str(error))
            return given
        if not given["lines"]:
            self.add_error("text", _("Paste your lines, or choose a file."))
        return given


# The fields that make an order a plan.
PLANNED = ("runs", "interval", "start_at")


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
