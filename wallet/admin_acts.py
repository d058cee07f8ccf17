"""Adjust a customer's balance by hand, with a reason and a second yes."""

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.enums import ActionVariant

from accounts.roles import DECIDE
from core.admin_acts import Act, Done
from core.admin_base import AmountField
from core.money import ZERO, show
from wallet import ledger
from wallet.admin_refund import StatementReason
from wallet.models import Account


class AdjustForm(forms.Form):
    """How much, why, and unseen: a key that makes a second click harmless."""

    amount = AmountField(
        label="Amount (USD)",
        help_text="Positive adds to the balance, negative takes from it: 12.50 or -12.50.",
        error_messages={"required": "Enter an amount such as 12.50."},
    )
    reason = StatementReason(most=300)
    key = forms.UUIDField(widget=forms.HiddenInput)

    def clean_amount(self) -> Any:
        amount = self.cleaned_data["amount"]
        if amount == ZERO:
            raise ValidationError("Nothing would move. Enter an amount other than zero.")
        return amount


class Adjust(Act[Account]):
    """An operator's correction of a customer's balance."""

    path = "adjust"
    title = "Adjust balance"
    button = "Adjust the balance"
    first_button = "Continue"
    icon = "price_change"
    permission = DECIDE
    form = AdjustForm
    variant = ActionVariant.PRIMARY
    refusals = (ledger.LedgerError, ValueError)
    blamed = "amount"

    def fits(self) -> bool:
        return self.row.owner_id is not None

    def says(self) -> list[str]:
        return [
            "The amount moves between the customer's balance and the shop's account for adjustments, at once. It can't "
            "be undone, only adjusted again.",
            "What is on hold for open orders can't be taken.",
        ]

    def facts(self) -> list[tuple[str, str]]:
        return [
            ("Customer", str(self.row.owner)),
            ("Balance", show(self.row.balance)),
            ("On hold", show(self.row.held)),
            ("Available", show(self.row.available)),
        ]

    def initial(self) -> dict[str, Any]:
        return {"key": uuid.uuid4()}

    def figures(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        amount = given["amount"]
        if self.row.available + amount < ZERO:
            raise ledger.LedgerError(f"Only {show(self.row.available)} are available to be taken.")
        return [
            ("Adjustment", f"{'+' if amount > 0 else ''}{show(amount)}"),
            ("Balance before", show(self.row.balance)),
            ("Balance after", show(self.row.balance + amount)),
            ("Available after", show(self.row.available + amount)),
            ("Reason", given["reason"]),
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        if self.row.owner is None:
            raise ledger.LedgerError("Only customers' accounts can be adjusted.")
        account = ledger.account_of(self.row.owner)
        amount = given["amount"]
        try:
            transfer = ledger.adjust(
                account=account, amount=amount, key=f"admin:adjust:{given['key']}", memo=given["reason"], now=now
            )
        except ledger.InsufficientFunds as error:
            raise ledger.LedgerError(f"Only {show(error.available)} are available to be taken.") from None
        except ledger.KeyReused:
            raise ledger.LedgerError(
                "This form has moved another amount already. Open “Adjust balance” again for a further one."
            ) from None
        account.refresh_from_db()
        self.row = account
        if transfer.created_at != now:
            return Done(
                f"This form was sent twice. The balance was adjusted once and is {show(account.balance)}.",
                happened=False,
            )
        verb = "added to" if amount > 0 else "taken from"
        return Done(
            f"{show(abs(amount))} {verb} the balance: it was {show(account.balance - amount)} and is now "
            f"{show(account.balance)}."
        )
