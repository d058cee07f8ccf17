"""Tell customers that their order is late: once, and not why."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from orders.models import Order, OrderEvent
from orders.states import PLACED
from upstream.forwarding import BelowCost

# An order that is not under way after this is called delayed, whatever the cause.
LATE = timedelta(seconds=15)
BATCH = 500


def mark_late(*, now: datetime) -> int:
    """Write it into the timeline of each order that waits for long and was not told yet; returns how many.

    One that is held back will perhaps not go out by itself: its page only says that it takes longer.
    """
    told = OrderEvent.objects.filter(order=OuterRef("pk"), kind=OrderEvent.Kind.DELAYED)
    waits = Order.objects.filter(state=PLACED, placed_at__lt=now - LATE).exclude(below_cost=BelowCost.HELD)
    late = list(waits.filter(~Exists(told)).order_by("pk").values_list("pk", flat=True)[:BATCH])
    if not late:
        return 0
    with transaction.atomic():
        still = Order.objects.select_for_update().filter(pk__in=late, state=PLACED).order_by("pk")
        return _tell([order.pk for order in still], now)


def tell_late(order: Order, now: datetime) -> None:
    """The same for one locked order, whose caller saves it."""
    if _tell([order.pk], now):
        order.changed_at = now


def _tell(pks: Iterable[int], now: datetime) -> int:
    events = OrderEvent.objects.filter(order__in=pks, kind=OrderEvent.Kind.DELAYED)
    fresh = set(pks) - set(events.values_list("order_id", flat=True))
    OrderEvent.objects.bulk_create(
        OrderEvent(order_id=pk, kind=OrderEvent.Kind.DELAYED, at=now) for pk in sorted(fresh)
    )
    Order.objects.filter(pk__in=fresh).update(changed_at=now)
    return len(fresh)
