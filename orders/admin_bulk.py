"""What an operator can do to many orders at once."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog.admin_held import HeldBack
from catalog.pricing import cost_of
from core.admin_bulk import Bulk, BulkForm
from core.money import ZERO, show
from orders import states
from orders.models import Order
from orders.refund import refund
from orders.resolve import CantResolve, let_go
from wallet.ledger import LedgerError


class LetManyGo(HeldBack[Order]):
    """Held back → sent all the same."""

    title = "Send held-back orders all the same"
    says = [
        "These orders were held back since their cost rose. They go out at once; each customer pays at most what is on "
        "hold, and the vendor charges you what each costs by then."
    ]
    refusals = (CantResolve,)

    def waits(self, row: Order) -> bool:
        return row.state == states.PLACED

    def amount(self, row: Order) -> Decimal:
        return row.charge

    def cost_now(self, row: Order) -> Decimal:
        return cost_of(row.service, row.quantity)

    def run(self, row: Order, *, operator: Any, reason: str, key: str, now: datetime) -> bool:
        let_go(order_id=row.pk, operator=operator, reason=reason, now=now)
        return True


class RefundManyForm(BulkForm):
    """A reason that goes into statements."""

    reason = forms.CharField(
        label="Reason",
        max_length=250,
        help_text="The customers read it in their statements.",
        widget=UnfoldAdminTextInputWidget(),
        error_messages={"required": "Say why: the customers read it in their statements."},
    )


class RefundMany(Bulk[Order]):
    """Pay back all that can still be refunded."""

    action = "refund_many"
    title = "Refund all that was paid"
    button = "Refund them all"
    says = [
        "The amounts move from the shop's sales to the customers' balances, at once. The orders stay as they are, and "
        "the vendor is not asked: what you paid there is between you and them.",
    ]
    money = "Refund"
    danger = True
    form = RefundManyForm
    refusals = (LedgerError,)

    def fits(self, row: Order) -> bool:
        return row.state in states.PAID and self.amount(row) > ZERO

    def amount(self, row: Order) -> Decimal:
        return row.hold.captured - row.hold.refunded

    def note(self, row: Order) -> str:
        so_far = f", {show(row.hold.refunded)} refunded so far" if row.hold.refunded else ""
        return f"paid {show(row.hold.captured)}{so_far}"

    def run(self, row: Order, *, operator: Any, reason: str, key: str, now: datetime) -> bool:
        paid = refund(order_id=row.pk, amount=self.amount(row), key=key, operator=operator, reason=reason, now=now)
        return paid.created_at == now
