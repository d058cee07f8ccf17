"""What a customer fills in to ask for help, and to write on."""

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from desk import positions
from desk.models import Request
from desk.say import LONGEST

# What can be asked for without a word.
WORDLESS = (Request.Kind.REFILL, Request.Kind.CANCEL)


class _TextField(forms.CharField):
    """A message: plain text with line breaks as one character each."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=LONGEST,
            widget=forms.Textarea(attrs={"rows": 6}),
            error_messages={"required": _("Write what it is about.")},
            **kwargs,
        )

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return text.replace("\r\n", "\n").replace("\0", "")


class ReplyForm(forms.Form):
    """A message, and unseen: a key that makes a second click harmless."""

    text = _TextField(label=_("Your message"))
    form_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    @classmethod
    def fresh(cls) -> "ReplyForm":
        """An unsent form."""
        return cls(initial={"form_key": uuid.uuid4().hex})


class AskForm(ReplyForm):
    """What is asked for: of an order by `kind`, or a question."""

    subject = forms.CharField(
        label=_("Subject"), max_length=150, error_messages={"required": _("Say in a few words what it is about.")}
    )
    positions = forms.CharField(
        label=_("Which items"),
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("Their numbers in the list of delivered items, such as 1, 3-5."),
        error_messages={"required": _("Enter the numbers of the bad items.")},
    )
    field_order = ("subject", "positions", "text")

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if kind != Request.Kind.OTHER:
            del self.fields["subject"]
        if kind != Request.Kind.REPLACEMENT:
            del self.fields["positions"]
        text = self.fields["text"]
        if kind in WORDLESS:
            text.required = False
            text.label = _("Is there anything to add?")
        elif kind == Request.Kind.REPLACEMENT:
            text.label = _("What is wrong with them?")
        elif kind == Request.Kind.NOT_DELIVERED:
            text.label = _("What is missing?")

    def clean_positions(self) -> list[int]:
        try:
            found = positions.parse(self.cleaned_data["positions"])
        except positions.BadPositions as error:
            raise ValidationError(str(error)) from None
        if not found:
            raise ValidationError(_("Enter the numbers of the bad items."))
        return found

    def clean_subject(self) -> str:
        return " ".join(self.cleaned_data["subject"].replace("\0", "").split())
