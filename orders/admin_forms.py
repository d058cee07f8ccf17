"""What an operator fills in to decide about an order."""

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextareaWidget

from core.admin_acts import ReasonForm
from core.admin_base import LARGEST_ID


class NothingForm(forms.Form):
    """For an act that needs no word of explanation."""


class FoundForm(ReasonForm):
    """The vendor's number of the order."""

    upstream_id = forms.IntegerField(
        label="The vendor's order number",
        min_value=1,
        max_value=LARGEST_ID,
        widget=UnfoldAdminIntegerFieldWidget(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Enter the number the vendor gave it.",
            "invalid": "Enter a whole number.",
            "min_value": "Enter a number from 1.",
            "max_value": "This number is too large.",
        },
    )
    field_order = ("upstream_id", "reason")


class SendAgainForm(ReasonForm):
    """The operator's word that it is proved."""

    sure = forms.BooleanField(
        label="I looked it up: the vendor has no such order, and charged nothing for it.",
        error_messages={"required": "Look it up with the vendor first: sent on a guess, it may be bought twice."},
    )
    field_order = ("sure", "reason")


class FinishForm(ReasonForm):
    """How many pieces arrived."""

    delivered = forms.IntegerField(
        label="Pieces delivered",
        min_value=0,
        max_value=LARGEST_ID,
        widget=UnfoldAdminIntegerFieldWidget(attrs={"autocomplete": "off"}),
        error_messages={
            "required": "Enter how many pieces arrived; 0 gives everything back.",
            "invalid": "Enter a whole number.",
            "min_value": "Enter 0 or more.",
            "max_value": "This is more than was ordered.",
        },
    )
    field_order = ("delivered", "reason")


class HandOverForm(ReasonForm):
    """The items, one a line."""

    accounts = forms.CharField(
        label="Accounts, codes or other items",
        max_length=500_000,
        help_text="One a line. Those that the customer has already are not added twice.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 10, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Paste what is delivered, one a line."},
    )
    field_order = ("accounts", "reason")

    def clean_accounts(self) -> list[str]:
        lines: dict[str, int] = {}
        for place, line in enumerate(self.cleaned_data["accounts"].replace("\0", "").splitlines(), 1):
            text = line.strip()
            if not text:
                continue
            if text in lines:
                raise ValidationError(f"Line {place} is the same as line {lines[text]}.")
            lines[text] = place
        if not lines:
            raise ValidationError("Paste what is delivered, one a line.")
        return list(lines)
