"""Mark items that have none: those that were delivered before there were marks. Stops and goes on anywhere."""

from datetime import datetime
from itertools import groupby

from django.db import transaction

from orders import marks
from orders.models import DeliveredItem, Order

BATCH = 500


def mark_goods(*, limit: int = BATCH, now: datetime) -> int:
    """Mark at most `limit` items, the oldest first; returns how many. What was delivered twice is flagged."""
    unmarked = DeliveredItem.objects.filter(mark="").order_by("pk")
    with transaction.atomic():
        chosen = dict(unmarked.values_list("pk", "order_id")[:limit])
        # Locked before the marker, as whoever records a delivery does.
        orders = {
            order.pk: order
            for order in Order.objects.select_for_update().filter(pk__in=set(chosen.values())).order_by("pk")
        }
        marker = marks.Marker()
        items = list(unmarked.filter(pk__in=chosen).order_by("order_id", "position"))
        for item in items:
            item.mark = marker.mark(item.text)
        before = marks.known([item.mark for item in items])
        for order_id, group in groupby(items, key=lambda item: item.order_id):
            twice = {}
            for item in group:
                if item.mark in before:
                    twice[item.position] = before[item.mark]
                before.setdefault(item.mark, order_id)
            if twice:
                marks.tell(orders[order_id], twice, now=now)
                orders[order_id].save(update_fields=["twice"])
        DeliveredItem.objects.bulk_update(items, ["mark"])
    return len(items)
