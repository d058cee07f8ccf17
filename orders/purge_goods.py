"""Remove the items of orders that ended more than GOODS_KEPT_DAYS ago: their texts, for good.

The rows stay, empty: the audit counts them, and their marks know the same thing when it comes again.
"""

import logging
from datetime import datetime

from django.db import transaction

from catalog.models import Service
from core.retention import ended_before
from orders import states
from orders.models import Order, OrderEvent

log = logging.getLogger(__name__)

BATCH = 200


def purge_goods(*, limit: int = BATCH, now: datetime) -> int:
    """Empty the items of at most `limit` orders, the oldest first; returns how many orders that is.

    An order with an item that is not marked yet waits: without its mark, nobody would know it again.
    """
    ended = ended_before(now)
    if ended is None:
        return 0
    due = Order.objects.filter(
        entity=Service.Entity.PRODUCT, state__in=states.FINISHED, goods_removed_at=None, finished_at__lt=ended
    )
    with transaction.atomic():
        ready = due.order_by("finished_at").exclude(items__mark="")
        pks = list(ready.values_list("pk", flat=True)[:limit])
        orders = list(Order.objects.select_for_update().filter(pk__in=pks, goods_removed_at=None).order_by("pk"))
        emptied = [order for order in orders if order.items.update(text="")]
        OrderEvent.objects.bulk_create(
            OrderEvent(order=order, kind=OrderEvent.Kind.REMOVED, count=order.delivered, at=now) for order in emptied
        )
        Order.objects.filter(pk__in=[order.pk for order in orders]).update(goods_removed_at=now)
    if emptied:
        log.info("the items of %s orders that ended before %s are removed", len(emptied), ended)
    return len(orders)
