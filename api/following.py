"""A customer's orders as programs ask for them: one or up to a hundred, with the same two or three queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from accounts.models import User
from api import words
from core.money import ZERO
from core.prepared import ID, Prepared, given
from orders import states
from orders.models import Order
from orders.plans import shown as plans


@dataclass(frozen=True)
class Standing:
    """How an order stands. `charge` is what the customer pays for it, in USD, as far as is known now."""

    order: Order
    word: str
    charge: Decimal
    start_count: int
    remains: int


def look(order: Order) -> Standing:
    """An order of `of_customer` as its customer's program reads it."""
    left = order.quantity - order.delivered
    if order.is_open:
        charge = order.charge
        # The vendor's own figure is finer than ours while a service runs; beyond reason it is not passed on.
        if not order.is_product and order.remains is not None:
            left = min(max(order.remains, 0), order.quantity)
    else:
        charge = max(order.hold.captured - order.hold.refunded, ZERO)
    return Standing(
        order=order,
        word=words.of_order(order),
        charge=charge,
        start_count=max(order.start_count or 0, 0),
        remains=left,
    )


def wholes(orders: Iterable[Order]) -> dict[int, Standing]:
    """How the plans stand that began with these orders, by the order's number; a plan is known by its first one."""
    firsts = [order for order in orders if order.run == 1]
    figures = plans.figures([order.plan for order in firsts if order.plan]) if firsts else {}
    return {order.pk: _whole(order, figures[order.plan_id]) for order in firsts if order.plan_id}


def _whole(order: Order, figures: plans.Figures) -> Standing:
    plan = order.plan
    assert plan is not None  # noqa: S101  # nosec B101 - `wholes` chose it
    if plan.is_open or figures.running:
        waits = plan.placed == 1 and order.state in states.OPEN
        word = words.of_order(order) if waits else words.IN_PROGRESS
    elif not figures.remains:
        word = words.COMPLETED
    else:
        word = words.PARTIAL if figures.delivered else words.CANCELED
    return Standing(
        order=order,
        word=word,
        charge=figures.charge,
        start_count=max(order.start_count or 0, 0),
        remains=figures.remains,
    )


def of_customer(customer: User) -> QuerySet[Order]:
    """The customer's orders with all that `look` needs: nobody else's exist for them."""
    return _told().filter(customer=customer)


def _told() -> QuerySet[Order]:
    return Order.objects.select_related("hold", "service", "plan__hold")


# Programs ask for it more often than for anything else: what an answer needs, and of a plan only when it is one.
_NEEDED = (
    *("customer_id", "state", "entity", "upstream_status", "quantity", "delivered", "remains", "start_count", "charge"),
    *("goods_removed_at", "run", "plan_id", "hold__captured", "hold__refunded", "service__auto_delivery"),
)
_ONE = Prepared(
    lambda: (
        Order.objects.select_related("hold", "service")
        .only(*_NEEDED)
        .filter(pk=given("order", ID), customer_id=given("customer", ID))
        .order_by()
    )
)


def one(customer: User, order_id: int | None) -> Order | None:
    """The customer's order with this id."""
    if order_id is None:
        return None
    return _ONE.first(customer=customer.pk, order=order_id)
