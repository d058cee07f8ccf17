"""A customer's orders as programs ask for them: one or up to a hundred, with the same two or three queries."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from accounts.models import User
from api import words
from core.money import ZERO
from orders.models import Order


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


def of_customer(customer: User) -> QuerySet[Order]:
    """The customer's orders with all that `look` needs: nobody else's exist for them."""
    return Order.objects.filter(customer=customer).select_related("hold", "service")


def one(customer: User, order_id: int | None) -> Order | None:
    """The customer's order with this id."""
    if order_id is None:
        return None
    try:
        return of_customer(customer).get(pk=order_id)
    except Order.DoesNotExist:
        return None
