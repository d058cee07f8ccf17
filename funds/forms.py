"""What customers fill in to add funds."""

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core import money
from funds.models import Method


class AddForm(forms.Form):
    """How much, by which way, and unseen: a key that makes a second click harmless."""

    amount = forms.CharField(
        label=_("Amount"),
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": _("Enter how much to add, such as 25.")},
    )
    method = forms.TypedChoiceField(
        label=_("How you pay"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose how you pay."),
            "invalid_choice": _("This way to pay is not offered any more. Choose another one."),
        },
    )
    form_key = forms.CharField(widget=forms.HiddenInput, max_length=64)

    def __init__(self, *args: Any, methods: Sequence[Method], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["method"]
        field.choices = [(method.pk, method.title) for method in methods]

    @classmethod
    def fresh(cls, methods: Sequence[Method], amount: str = "") -> "AddForm":
        """An unsent form; the first way to pay is chosen."""
        initial = {"form_key": uuid.uuid4().hex, "method": methods[0].pk, "amount": amount[:20]}
        return cls(methods=methods, initial=initial)

    def clean_amount(self) -> Decimal:
        try:
            amount = money.parse(self.cleaned_data["amount"], places=2)
        except money.BadAmount as error:
            raise ValidationError(str(error)) from None
        if amount <= 0:
            raise ValidationError(_("Enter an amount above zero."))
        return amount

    def typed_amount(self) -> Decimal | None:
        """What stands in the field, if that is an amount: for the figures beside it."""
        try:
            amount = money.parse(str(self["amount"].value() or ""), places=2)
        except money.BadAmount:
            return None
        return amount if amount > 0 else None


class ProofForm(forms.Form):
    """Where an operator finds the transfer."""

    reference = forms.CharField(
        label=_("Reference"),
        max_length=200,
        help_text=_("What we find it by: the transfer's number, a transaction hash, or the name on your account."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Enter something we can find your transfer by.")},
    )
    proof = forms.FileField(
        label=_("Proof"),
        required=False,
        max_length=1000,
        help_text=_("A screenshot or receipt: PNG, JPEG, WebP or PDF, at most 3 MB."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,application/pdf"}),
        error_messages={"empty": _("This file is empty.")},
    )

    def clean_reference(self) -> str:
        # PostgreSQL refuses NUL in a text; Django's field refuses it first.
        text: str = self.cleaned_data["reference"].strip()
        return text


class VoucherForm(forms.Form):
    """A code, as it was typed."""

    code = forms.CharField(
        label=_("Voucher code"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
        error_messages={"required": _("Enter the code of your voucher.")},
    )
