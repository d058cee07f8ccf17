"""The form of the switches."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.money import ZERO, BadAmount, parse, plain
from notices.kinds import Kind
from notices.models import Switches

_HINTS = {
    Kind.CODE_ARRIVED: _("A link to the board; the code itself is never in an e-mail."),
    Kind.LOW_BALANCE: _("Once, when what is available falls below the amount that you set."),
}


class SwitchesForm(forms.Form):
    """A box for each kind, and the mark below which the balance is low."""

    low_below = forms.CharField(
        label=_("Your balance is low below"),
        required=False,
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=_("In US dollars, such as 5 or 12.50. Empty: you are not told."),
    )

    def __init__(self, *args: Any, switches: Switches, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in Kind:
            self.fields[kind.value] = forms.BooleanField(
                label=kind.label, required=False, initial=switches.wants(kind), help_text=_HINTS.get(kind, "")
            )
        self.initial["low_below"] = "" if switches.low_below is None else plain(switches.low_below)

    @property
    def boxes(self) -> list[forms.BoundField]:
        """The boxes, in the order of the kinds."""
        return [self[kind.value] for kind in Kind]

    @property
    def on(self) -> dict[str, bool]:
        """What was chosen, by kind."""
        return {kind.value: self.cleaned_data[kind.value] for kind in Kind}

    def clean_low_below(self) -> Decimal | None:
        text = self.cleaned_data["low_below"].strip()
        if not text:
            return None
        try:
            amount = parse(text)
        except BadAmount as error:
            raise ValidationError(str(error)) from None
        if amount <= ZERO:
            raise ValidationError(_("Enter an amount above zero, or leave it empty."))
        return amount
