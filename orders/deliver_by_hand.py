"""An operator hands over what the vendor did not deliver through its API: the items are kept, and the order ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.models import User
from orders import marks, states
from orders.keep import keep
from orders.models import Order
from orders.resolve import CantResolve
from orders.settle import settle
from orders.verdict import ended


@dataclass(frozen=True)
class Handed:
    """What would be handed over: items that the order has not got yet, how many it has then, and how many of the new
    ones had been delivered before, in this shop, to anyone."""

    fresh: int
    total: int
    before: int


def look(order: Order, texts: Sequence[str]) -> Handed:
    """What `texts` would add to the order; nothing is kept. Raises `CantResolve`."""
    with transaction.atomic():
        fresh, total = _fresh(order, texts)
        marker = marks.Marker()
        before = marks.known([marker.mark(text) for text in fresh])
    return Handed(len(fresh), total, len(before))


def deliver_by_hand(*, order_id: int, texts: Sequence[str], operator: User, reason: str, now: datetime) -> Order:
    """RUNNING → COMPLETED or PARTIAL: add `texts` to what arrived; the customer pays for all that is there then.

    Items that the order has already are not added twice. Raises `CantResolve`; then nothing moved.
    """
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order_id)
        fresh, total = _fresh(order, texts)
        keep(order, fresh + list(order.items.values_list("text", flat=True)), now=now)
        order.news_at = now
        order.save()
        return settle(
            order_id=order.pk, verdict=ended(order.quantity, total), actor=operator, note=f"by hand: {reason}", now=now
        )


def _fresh(order: Order, texts: Sequence[str]) -> tuple[list[str], int]:
    if order.state != states.RUNNING or not order.is_product:
        raise CantResolve(f"Order {order.pk} is {order.state}: only a running order of a product is handed over.")
    there = list(order.items.values_list("text", flat=True))
    fresh = [text for text in dict.fromkeys(texts) if text not in set(there)]
    total = len(there) + len(fresh)
    if total > order.quantity:
        raise CantResolve(f"{len(there)} are there and {len(fresh)} are new: {order.quantity} were ordered.")
    if not total:
        raise CantResolve("There is nothing to hand over.")
    return fresh, total
