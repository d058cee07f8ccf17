"""The forms of the admin's pages about money in."""

from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
)

from core.admin_acts import ReasonForm
from core.admin_base import AmountField
from core.money import ZERO
from funds import vouchers
from funds.models import Batch, Method


class NothingForm(forms.Form):
    """An act that needs no words."""


class ReceivedForm(ReasonForm):
    """What came, and how the operator knows."""

    received = AmountField(
        label="Received (USD)",
        help_text="What really came, fee included. In another currency: what it is worth in USD.",
        error_messages={"required": "Enter what came, such as 25.00."},
    )
    field_order = ["received", "reason"]


class RefuseForm(ReasonForm):
    """Why; not only for operators."""

    reason = forms.CharField(
        label="Reason",
        max_length=500,
        help_text="The customer reads it.",
        widget=UnfoldAdminTextInputWidget(),
        error_messages={"required": "Say why: the customer reads it."},
    )


class MakeForm(forms.Form):
    """Vouchers to make, and unseen: a key that makes a second click harmless."""

    name = forms.CharField(max_length=100, help_text="For operators.", widget=UnfoldAdminTextInputWidget())
    kind = forms.ChoiceField(label="Kind", choices=Batch.Kind.choices, widget=UnfoldAdminSelectWidget())
    count = forms.IntegerField(label="How many", widget=UnfoldAdminIntegerFieldWidget())
    amount = AmountField(
        label="Amount of each (USD)", error_messages={"required": "Enter what each is worth, such as 10."}
    )
    expires_at = forms.SplitDateTimeField(
        label="Expires", required=False, widget=UnfoldAdminSplitDateTimeWidget(), help_text="Empty: never."
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def clean_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        if not ZERO < amount <= Decimal(10_000):
            raise forms.ValidationError("A voucher is worth more than nothing, and at most $10,000.00.")
        return amount

    def clean_count(self) -> int:
        count: int = self.cleaned_data["count"]
        if not 1 <= count <= vouchers.MOST_AT_ONCE:
            raise forms.ValidationError(f"Make from 1 to {vouchers.MOST_AT_ONCE:,} at once.")
        return count


class MethodForm(forms.ModelForm):
    """Bounds that make sense, in whole cents; a transfer says where to."""

    class Meta:
        model = Method
        fields = "__all__"  # noqa: DJ007 - the admin's own `fields` chooses

    def clean(self) -> dict[str, Any] | None:
        given = super().clean() or {}
        least, most = given.get("minimum"), given.get("maximum")
        if least is not None and least <= 0:
            self.add_error("minimum", "Enter an amount above zero.")
        elif least is not None and most is not None and most < least:
            self.add_error("maximum", "This is less than the minimum.")
        elif most is not None and most > 100_000:
            self.add_error("maximum", "At most $100,000.00 at once.")
        if (given.get("fee_fixed") or 0) < 0:
            self.add_error("fee_fixed", "A fee can't be negative.")
        provider = given.get("provider") or self.instance.provider
        if provider == Method.Provider.TRANSFER and not (given.get("instructions") or "").strip():
            self.add_error("instructions", "Say where customers are to send the money.")
        return given
