"""What orders and purchases of numbers that were held back below cost share, where an operator lets many go at once."""

from abc import abstractmethod
from decimal import Decimal

from core.admin_bulk import Bulk, Row
from core.money import show
from upstream.forwarding import BelowCost


class HeldBack(Bulk[Row]):
    """Held back → sent all the same."""

    action = "let_many_go"
    button = "Send them below cost"
    money = "On hold"

    @abstractmethod
    def waits(self, row: Row) -> bool:
        """Whether it is still to be sent."""

    @abstractmethod
    def cost_now(self, row: Row) -> Decimal:
        """USD that the vendor charges for it by the rate of now."""

    def fits(self, row: Row) -> bool:
        return self.waits(row) and row.below_cost == BelowCost.HELD  # type: ignore[attr-defined]

    def note(self, row: Row) -> str:
        cost, charge = self.cost_now(row), self.amount(row)
        loss = f", {show(cost - charge)} lost on it" if cost > charge else ""
        return f"costs {show(cost)} now{loss}"
