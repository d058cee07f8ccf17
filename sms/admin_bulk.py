"""What an operator can do to many purchases of numbers at once."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from core.admin_bulk import Bulk
from core.money import show
from sms import states
from sms.models import Purchase
from sms.resolve import CantResolve, let_go
from upstream.forwarding import BelowCost


class LetManyGo(Bulk[Purchase]):
    """Held back → sent all the same."""

    action = "let_many_go"
    title = "Send held-back purchases all the same"
    button = "Send them below cost"
    says = [
        "These purchases were held back since their cost rose. They go out at once; each customer pays at most what is "
        "on hold, and the vendor charges you what each costs by then."
    ]
    money = "On hold"
    refusals = (CantResolve,)

    def fits(self, row: Purchase) -> bool:
        return row.state == states.PLACED and row.below_cost == BelowCost.HELD

    def amount(self, row: Purchase) -> Decimal:
        return row.total

    def note(self, row: Purchase) -> str:
        now = row.project.cost * row.quantity
        loss = f", {show(now - row.total)} lost on it" if now > row.total else ""
        return f"costs {show(now)} now{loss}"

    def run(self, row: Purchase, *, operator: Any, reason: str, key: str, now: datetime) -> None:
        let_go(purchase_id=row.pk, operator=operator, reason=reason, now=now)
