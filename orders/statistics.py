"""How long a service takes, from the shop's own orders: what customers see as “usually starts in” and “done in”."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from catalog.models import Speed
from orders import states
from orders.models import Order, OrderEvent

WINDOW = timedelta(days=60)
# Fewer completed orders than this say nothing.
ENOUGH = 10
# Of a service that is ordered all the time the newest say it as well as all of them.
MOST = 1000
BATCH = 500


def refresh(*, now: datetime) -> int:
    """Count the orders that were completed lately; returns how many services have enough of them to say something."""
    completed = Order.objects.filter(state=states.COMPLETED, finished_at__gte=now - WINDOW)
    done: dict[int, list[int]] = defaultdict(list)
    rows = completed.order_by("-finished_at").values_list("service_id", "placed_at", "finished_at")
    for service_id, placed_at, finished_at in rows.iterator(chunk_size=5000):
        if finished_at:  # as a constraint has it
            _add(done[service_id], placed_at, finished_at)
    told = {service_id: waits for service_id, waits in done.items() if len(waits) >= ENOUGH}

    started: dict[int, list[int]] = defaultdict(list)
    events = OrderEvent.objects.filter(
        kind=OrderEvent.Kind.STARTED, order__state=states.COMPLETED, order__finished_at__gte=now - WINDOW
    )
    moments = events.order_by("-order__finished_at").values_list("order__service_id", "order__placed_at", "at")
    for service_id, placed_at, at in moments.iterator(chunk_size=5000):
        if service_id in told:
            _add(started[service_id], placed_at, at)

    speeds = [_speed(service_id, waits, started[service_id], now) for service_id, waits in told.items()]
    Speed.objects.bulk_create(
        speeds,
        update_conflicts=True,
        unique_fields=["service"],
        update_fields=["orders", "start_median", "start_p90", "done_median", "done_p90", "counted_at"],
        batch_size=BATCH,
    )
    Speed.objects.filter(counted_at__lt=now).delete()
    return len(told)


def _add(waits: list[int], since: datetime, until: datetime) -> None:
    if len(waits) < MOST:
        waits.append(max(round((until - since).total_seconds()), 0))


def _speed(service_id: int, done: list[int], started: list[int], now: datetime) -> Speed:
    begins = len(started) >= ENOUGH
    return Speed(
        service_id=service_id,
        orders=len(done),
        start_median=_within(started, 50) if begins else None,
        start_p90=_within(started, 90) if begins else None,
        done_median=_within(done, 50),
        done_p90=_within(done, 90),
        counted_at=now,
    )


def _within(waits: Sequence[int], share: int) -> int:
    """The shortest of the waits (seconds) within which at least `share` per cent of them ended."""
    ordered = sorted(waits)
    return ordered[-(-len(ordered) * share // 100) - 1]
