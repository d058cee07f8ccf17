"""What every act of an operator on an order shares: what it shows of the order and of its money."""

from abc import ABC
from decimal import Decimal
from typing import ClassVar

from core.admin_acts import Act, Figures
from core.admin_base import NOTHING, moment
from core.money import show
from orders.models import Order
from orders.resolve import CantResolve
from wallet.ledger import LedgerError


class OrderAct(Act[Order], ABC):
    """An act on an order in one of its `needs` states."""

    needs: ClassVar[list[str]]
    permission = "orders.change_order"
    refusals = (CantResolve, LedgerError, ValueError)

    def fits(self) -> bool:
        return self.row.state in self.needs

    def facts(self) -> list[tuple[str, str]]:
        order = self.row
        return [
            ("Order", f"{order.pk}, {order.get_state_display().lower()}"),
            ("Customer", str(order.customer)),
            ("Service", order.service_name),
            ("Link", order.link or NOTHING),
            ("Quantity", f"{order.quantity:,}"),
            ("Placed", moment(order.placed_at)),
            *money(order),
            *([("Our balance there", order.evidence)] if order.evidence else []),
        ]


def money(order: Order) -> Figures:
    """Where the order's money is, and what the order costs."""
    hold = order.hold
    if order.is_open:
        where = [("On hold", show(hold.amount))]
    else:
        where = [("Paid", show(hold.captured)), ("Refunded so far", show(hold.refunded))]
    told = order.upstream_charge is not None
    return [
        ("Charge", show(order.charge)),
        *where,
        ("The vendor charged" if told else "Expected cost", show(cost(order))),
    ]


def cost(order: Order) -> Decimal:
    """USD that the vendor charges for it: its own word where there is one, else what was reckoned."""
    return order.cost if order.upstream_charge is None else order.upstream_charge


def yours(order: Order, kept: Decimal) -> tuple[str, str]:
    """What is left for the shop when it keeps `kept` USD of the customer's and the vendor its charge."""
    left = kept - cost(order)
    return ("Your loss" if left < 0 else "Left for you", show(abs(left)))


def last_word(order: Order) -> str:
    """The vendor's status of the order as it was last heard."""
    if not order.upstream_status:
        return "none yet"
    remains = f", remains {order.remains:,}" if order.remains is not None else ""
    return f"“{order.upstream_status}”{remains}"
