"""What orders know of the money that moved between two readings of our balance: for `upstream.evidence`."""

from collections.abc import Iterator
from dataclasses import replace

from django.db.models import Exists, F, OuterRef, Q

from orders import states
from orders.models import Attempt, Order
from upstream.evidence import Movement
from upstream.models import BalanceReading
from upstream.movements import AFTERLIFE, BOUGHT, LONG_BEFORE, Line, Readings, Span, in_doubt, of_line


def movements(readings: Readings) -> Iterator[Movement]:
    """What orders moved since the first of the readings, in doubt or not."""
    seen = set()
    for attempt in readings.attempts(Attempt).select_related("order"):
        order = attempt.order
        if attempt.outcome in BOUGHT:
            seen.add(order.pk)
            yield from of_line(_line(order, readings.call(attempt), readings))
        else:
            name = f"order {order.pk} (call {attempt.pk})"
            yield from in_doubt(name, order.cost, attempt, state=order.state, readings=readings)
    lately = (
        Q(state__in=states.FINISHED, ended_reading__gte=readings.first)
        | Q(state__in=states.FINISHED, finished_at__gt=readings.long_ago)
        | Q(state__in=states.FINISHED, ended_reading=None, finished_at__gt=readings.rows[0].read_at - AFTERLIFE)
        | Q(state=states.RUNNING, upstream_charge__lt=F("taken"))
    )
    for order in Order.objects.filter(lately).exclude(upstream_id=None):
        if order.pk not in seen:  # more of them than a query takes values
            yield from of_line(_line(order, LONG_BEFORE, readings))


def unheard(reading: BalanceReading) -> int:
    """How many running orders have not been asked for since the reading: they may have been paid back before it.

    Those that were sent after it don't count, nor those that are known to have been paid back in part.
    """
    running = Order.objects.filter(state=states.RUNNING).exclude(upstream_charge__lt=F("taken"))
    not_asked = running.filter(Q(asked_reading=None) | Q(asked_reading__lt=reading.pk))
    sent_since = Attempt.objects.filter(order=OuterRef("pk"), outcome__in=BOUGHT, reading_before__gte=reading.pk)
    return not_asked.exclude(Exists(sent_since)).count()


def _line(order: Order, bought: Span, readings: Readings) -> Line:
    taken, kept = order.taken, order.upstream_charge
    fell = taken is not None and kept is not None and kept < taken
    by_word = order.ended_reading is not None
    line = Line(f"order {order.pk}", bought, order.cost, taken, kept)
    if not fell and (order.state == states.RUNNING or (order.state == states.COMPLETED and by_word)):
        return line
    after = max(order.asked_reading or 0, bought.after)
    until = None
    if order.state != states.RUNNING:
        until = readings.settled(
            order.finished_at, after=order.ended_reading or 0, lasts=None if by_word else AFTERLIFE
        )
    told = (fell or taken is None) and kept is not None and by_word
    return replace(line, back=Span(after, until), told=told)
