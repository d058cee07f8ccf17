"""What an operator can do to many purchases of numbers at once."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from catalog.admin_held import HeldBack
from sms import states
from sms.models import Purchase
from sms.resolve import CantResolve, let_go


class LetManyGo(HeldBack[Purchase]):
    """Held back → sent all the same."""

    title = "Send held-back purchases all the same"
    says = [
        "These purchases were held back since their cost rose. They go out at once; each customer pays at most what is "
        "on hold, and the vendor charges you what each costs by then."
    ]
    refusals = (CantResolve,)

    def waits(self, row: Purchase) -> bool:
        return row.state == states.PLACED

    def amount(self, row: Purchase) -> Decimal:
        return row.total

    def cost_now(self, row: Purchase) -> Decimal:
        return row.project.cost * row.quantity

    def run(self, row: Purchase, *, operator: Any, reason: str, key: str, now: datetime) -> bool:
        let_go(purchase_id=row.pk, operator=operator, reason=reason, now=now)
        return True
