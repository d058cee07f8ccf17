"""The form that buys numbers."""

import uuid
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.money import plain
from sms.buy import MOST


class BuyForm(forms.Form):
    """How many, or which number again; and unseen: the price the customer saw, and a key against a second click."""

    quantity = forms.IntegerField(
        label=_("How many"),
        initial=1,
        # Not of type `number`: what was typed stays there to be corrected, whatever it was.
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 3, "data-most": MOST}),
        error_messages={"required": _("Enter how many."), "invalid": _("Enter a whole number.")},
    )
    phone = forms.CharField(
        label=_("Number to use again"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off", "list": "own-numbers"}),
    )
    shown_price = forms.DecimalField(widget=forms.HiddenInput, max_digits=18, decimal_places=6)
    form_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    @classmethod
    def fresh(cls, price: Decimal, **given: Any) -> "BuyForm":
        """An unsent form at the price in USD that a number has now."""
        initial = {"shown_price": plain(price), "form_key": uuid.uuid4().hex, "quantity": 1}
        return cls(initial={**initial, **given})

    def offer_anew(self, price: Decimal) -> None:
        """Show the form again at a price the customer has not agreed to yet: sending it is their yes."""
        self.data = {**{name: self.data.get(name) for name in self.data}, "shown_price": plain(price)}
