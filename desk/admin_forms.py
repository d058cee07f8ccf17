"""What an operator fills in to see to a request."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from core.admin_acts import ReasonForm
from desk.positions import BadPositions, parse
from desk.say import LONGEST
from wallet.admin_refund import RefundForm

MOST_ITEMS = 500
LONGEST_ITEM = 5000


class _Answer(forms.CharField):
    """What the customer reads on the request's page."""

    def __init__(self, *, required: bool) -> None:
        super().__init__(
            label="Answer",
            required=required,
            max_length=LONGEST,
            help_text="The customer reads it on the request's page, as plain text.",
            widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
            error_messages={"required": "Write what the customer is to read."},
        )

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        return text.replace("\r\n", "\n")


class AnswerForm(forms.Form):
    """A message to the customer."""

    answer = _Answer(required=True)


class DoneForm(ReasonForm):
    """That it is done, and what there is to say about it."""

    answer = _Answer(required=False)
    field_order = ("answer", "reason")


class RefuseForm(ReasonForm):
    """Why not: once for the customer, once for the record."""

    answer = _Answer(required=True)
    field_order = ("answer", "reason")


class PayBackForm(RefundForm):
    """How much comes back, and what there is to say about it."""

    answer = _Answer(required=False)
    field_order = ("amount", "reason", "answer", "key")


class DeliverAgainForm(ReasonForm):
    """The items, and which of the delivered ones they stand in for."""

    items = forms.CharField(
        label="Items",
        max_length=LONGEST_ITEM * 20,
        strip=False,
        help_text="One a line, as the customer is to get them.",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Paste the items, one a line."},
    )
    replaces = forms.CharField(
        label="In place of",
        required=False,
        max_length=2000,
        help_text="Numbers of the bad items, such as 1, 3-5. Empty: these are items that were missing.",
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )
    answer = _Answer(required=False)
    field_order = ("items", "replaces", "answer", "reason")

    def clean_items(self) -> str:
        lines = texts_of(self.cleaned_data["items"])
        if not lines:
            raise ValidationError("Paste the items, one a line.")
        if len(lines) > MOST_ITEMS:
            raise ValidationError(f"At most {MOST_ITEMS} items at once; these are {len(lines)}.")
        if any(len(line) > LONGEST_ITEM for line in lines):
            raise ValidationError(f"An item has at most {LONGEST_ITEM:,} characters.")
        return "\n".join(lines)

    def clean_replaces(self) -> str:
        text: str = self.cleaned_data["replaces"]
        try:
            parse(text)
        except BadPositions as error:
            raise ValidationError(str(error)) from None
        return text


def texts_of(items: str) -> list[str]:
    """The items of a pasted text: a line each, without empty ones."""
    return [line for line in (line.rstrip("\r") for line in items.split("\n")) if line.strip()]
