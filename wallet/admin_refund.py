"""What every refund in the admin shares: its form, its figures before the second yes, and what a second click is told.

Orders, numbers and requests pay back by acts of their own; how much can be, and how it is asked for, stands here.
"""

import uuid
from abc import abstractmethod
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.models import User
from accounts.roles import DECIDE
from core.admin_acts import Act, Done, Figures, Row
from core.admin_base import AmountField
from core.money import ZERO, show
from wallet.ledger import KeyReused, LedgerError
from wallet.models import Hold, Transfer


class StatementReason(forms.CharField):
    """Why money moves, in at most `most` characters: the customer reads it in their statement."""

    def __init__(self, *, most: int) -> None:
        super().__init__(
            label="Reason",
            max_length=most,
            help_text="The customer reads it in their statement.",
            widget=UnfoldAdminTextInputWidget(),
            error_messages={"required": "Say why: the customer reads it in their statement."},
        )


class RefundAmount(AmountField):
    """Some or all of what can still be refunded; `such_as` is an example in USD."""

    def __init__(self, *, such_as: str) -> None:
        super().__init__(
            label="Amount (USD)",
            help_text="The whole that can still be refunded, or a part of it.",
            error_messages={"required": f"Enter an amount such as {such_as}."},
        )


class RefundForm(forms.Form):
    """How much, why, and unseen: a key that makes a second click harmless."""

    amount = RefundAmount(such_as="12.50")
    reason = StatementReason(most=250)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def clean_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        if amount <= ZERO:
            raise ValidationError("Enter an amount above zero.")
        return amount


class Refunding(Act[Row]):
    """An act that pays back a part of what a hold of the row's was captured for."""

    path = "refund"
    title = "Refund"
    button = "Refund"
    first_button = "Continue"
    permission = DECIDE
    icon = "currency_exchange"
    form = RefundForm
    variant = ActionVariant.PRIMARY
    blamed = "amount"
    what: ClassVar[str]  # "order", "number": what was paid for

    @abstractmethod
    def hold(self) -> Hold | None:
        """The hold that was captured; None where there is none."""

    @abstractmethod
    def payer(self) -> User:
        """Who gets the money."""

    def left(self) -> Decimal:
        """USD that can still be refunded."""
        hold = self.hold()
        return hold.captured - hold.refunded if hold else ZERO

    def kept(self, left: Decimal) -> Figures:
        """What the shop is left with when it keeps `left` USD of the customer's."""
        return []

    def facts(self) -> Figures:
        return [*super().facts(), ("Can be refunded", show(self.left()))]

    def initial(self) -> dict[str, Any]:
        return {"amount": self.left(), "key": uuid.uuid4()}

    def figures(self, given: dict[str, Any]) -> Figures:
        left = self.left()
        if given["amount"] > left:
            raise LedgerError(f"At most {show(left)} of this {self.what} can still be refunded.")
        after = left - given["amount"]
        return [
            ("Refund", show(given["amount"])),
            ("Can be refunded afterwards", show(after)),
            ("Goes to", str(self.payer())),
            *self.kept(after),
            ("Reason", given["reason"]),
        ]


class RefundOnce(Refunding[Row]):
    """A refund that is the whole act, so that a form which was sent twice has to be told so."""

    @abstractmethod
    def refund(self, given: dict[str, Any], now: datetime) -> Transfer:
        """Pay it back, once for the form's key; the transfer of then. Raises `KeyReused`, `LedgerError`."""

    def says(self) -> list[str]:
        return [
            f"The amount moves from the shop's sales to the customer's balance, at once. The {self.what} stays as it "
            "is, and the vendor is not asked: what you paid there is between you and them.",
        ]

    def of_what(self) -> str:
        """What stands behind the amount in the sentence that tells of it."""
        return ""

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        try:
            paid_back = self.refund(given, now)
        except KeyReused:
            raise LedgerError(
                "This form has refunded another amount already. Open “Refund” again for a further one."
            ) from None
        if hold := self.hold():
            hold.refresh_from_db()
        left = show(self.left())
        # By its moment, not by what was refunded before: somebody else's click may come in between.
        if paid_back.created_at != now:
            return Done(f"This form was sent twice: it refunded once. {left} can still be refunded.", happened=False)
        paid = f"{show(given['amount'])}{self.of_what()}"
        return Done(f"{paid} are on the customer's balance again. {left} can still be refunded.")
