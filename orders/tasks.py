"""What workers do for orders. The rows are the truth; a lost task is found by the next sweep."""

import logging
import time

from celery import shared_task
from django.utils import timezone

from catalog import below_cost
from core.enqueue import Away, enqueue
from orders import late, poll, statistics, submit
from orders.below_cost import GUARD
from orders.mark_goods import mark_goods
from orders.models import Order
from orders.purge_goods import purge_goods
from upstream import forwarding

log = logging.getLogger(__name__)

# Seconds that one run of housekeeping may take.
BOUND = 30.0


def nudge(order_id: int) -> None:
    """Have the order sent at once. Without a broker the sweep will: a customer must not notice."""
    try:
        enqueue(submit_order, order_id=order_id, nudged=True)
    except Away as error:
        log.warning("order %s not nudged, the sweep will find it: %s", order_id, error)


@shared_task(name="orders.tasks.submit_order")
def submit_order(*, order_id: int, nudged: bool = False) -> None:
    """Send one order to the vendor. One that was only nudged leaves it to the sweep while older ones wait."""
    if nudged and forwarding.waits_its_turn(Order, pk=order_id, now=timezone.now()):
        return
    submit.submit(order_id=order_id)


@shared_task(name="orders.tasks.sweep_placed")
def sweep_placed() -> None:
    """Hand out the orders that are due and that nobody took: the outbox's truth. The others are called late."""
    now = timezone.now()
    below_cost.release(GUARD, now=now)
    for order_id in forwarding.sweep(Order, now=now):
        submit_order.apply_async(kwargs={"order_id": order_id}, expires=180)
    late.mark_late(now=now)


@shared_task(name="orders.tasks.expire_leases")
def expire_leases() -> None:
    """Orders whose worker vanished while sending become UNCERTAIN."""
    forwarding.expire_leases(submit.DESK, now=timezone.now())


@shared_task(name="orders.tasks.poll_due")
def poll_due() -> None:
    """Ask how running orders stand, batch after batch while they are full."""
    while poll.poll_due() == poll.BATCH:
        pass


@shared_task(name="orders.tasks.count_times")
def count_times() -> None:
    """How long services usually take."""
    statistics.refresh(now=timezone.now())


@shared_task(name="orders.tasks.mark_goods")
def mark_all_goods() -> None:
    """Mark items that have none, for half a minute at most."""
    ends = time.monotonic() + BOUND
    while mark_goods(now=timezone.now()) and time.monotonic() < ends:
        pass


@shared_task(name="orders.tasks.purge_goods")
def purge_old_goods() -> None:
    """Remove the items that are kept no longer, for half a minute at most; the next run goes on."""
    ends = time.monotonic() + BOUND
    while purge_goods(now=timezone.now()) and time.monotonic() < ends:
        pass
