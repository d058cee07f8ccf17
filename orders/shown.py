"""What a customer sees of an order: its status in their words, and where their money is.

How an order is doing at the vendor's is none of their worry: an order whose fate is unknown reads as one that
waits longer than usual, and so does one that has waited for long.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Service
from core.money import ZERO
from orders import states
from orders.late import LATE
from orders.models import Order, OrderEvent
from upstream.forwarding import BelowCost

WAITING = [states.PLACED, states.SUBMITTING, states.UNCERTAIN]


@dataclass(frozen=True)
class Shown:
    """An order as its customer reads it. Money is USD."""

    order: Order
    code: str
    """The state that gives the status its colour; none that is for operators only."""
    label: str
    delayed: bool
    paid: Decimal
    returned: Decimal
    """What came back to the balance of what was set aside; zero while the order is open."""

    @property
    def goes_out_by_itself(self) -> bool:
        """Whether all that it needs is time."""
        return self.order.state == states.PLACED and self.order.below_cost != BelowCost.HELD

    @property
    def version(self) -> str:
        """Changes whenever the customer could see something new."""
        return f"{self.label}-{self.order.changed_at.timestamp():.6f}"

    @property
    def again(self) -> str:
        """The query that fills the order form with this order; empty where its service is not on sale."""
        service = self.order.service
        if service.state != Service.State.ON_SALE or service.is_away:
            return ""
        wish = {"quantity": str(self.order.quantity)} | ({"link": self.order.link} if self.order.link else {})
        return urlencode(wish)

    @property
    def links(self) -> bool:
        """Whether the link is a web address, so that it may become one on the page."""
        return is_web_address(self.order.link)


def is_web_address(link: str) -> bool:
    """Whether a browser may be led there: what a customer typed can be the address of a program."""
    return link.lower().startswith(("http://", "https://"))


def of_customer(customer: User) -> QuerySet[Order]:
    """The customer's orders, newest first, with all that `look` needs."""
    told = OrderEvent.objects.filter(order=OuterRef("pk"), kind=OrderEvent.Kind.DELAYED)
    orders = Order.objects.filter(customer=customer).select_related("hold", "service__category").order_by("-pk")
    return orders.annotate(told_delayed=Exists(told))


def look(order: Order, *, now: datetime) -> Shown:
    """An order of `of_customer`, as its customer reads it at the moment `now`."""
    waits = order.state in WAITING
    stuck = order.state == states.UNCERTAIN or order.below_cost == BelowCost.HELD
    delayed = waits and (stuck or getattr(order, "told_delayed", False) or now - order.placed_at > LATE)
    code = states.PLACED if waits else order.state
    paid = order.hold.captured - order.hold.refunded
    return Shown(
        order=order,
        code="DELAYED" if delayed else code,
        label=_("Delayed") if delayed else str(states.FOR_CUSTOMERS[order.state]),
        delayed=delayed,
        paid=paid,
        returned=ZERO if order.is_open else order.charge - paid,
    )
