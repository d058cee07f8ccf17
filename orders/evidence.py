"""What orders know of the money that moved between two readings of our balance: for `upstream.evidence`."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef, Q

from core.money import ZERO
from orders import states
from orders.models import Attempt, Order
from upstream.evidence import Movement
from upstream.models import BalanceReading
from upstream.movements import BOUGHT, Line, Span, Window, back_span, in_doubt, of_line


def movements(window: Window) -> Iterator[Movement]:
    """What orders moved in the window, in doubt or not."""
    seen = set()
    for attempt in window.attempts(Attempt).select_related("order"):
        if attempt.outcome in BOUGHT:
            seen.add(attempt.order_id)
            yield from of_line(_line(attempt.order, window.call(attempt), window), window)
        else:
            yield from doubt(attempt, window)
    ended = Order.objects.filter(state__in=states.FINISHED).exclude(upstream_id=None).exclude(pk__in=seen)
    lately = Q(ended_reading__gte=window.first.pk) | Q(ended_reading=None, finished_at__gt=window.long_ago)
    for order in ended.filter(lately):
        yield from of_line(_line(order, window.before_it, window), window)


def doubt(attempt: Attempt, window: Window) -> list[Movement]:
    """What a call that was not answered would have cost."""
    return [in_doubt(f"order {attempt.order_id} (call {attempt.pk})", attempt.order.cost, window.call(attempt))]


def unheard(reading: BalanceReading) -> int:
    """How many running orders have not been asked for since the reading: they may have been paid back before it.

    Those that were sent after it don't count.
    """
    running = Order.objects.filter(state=states.RUNNING)
    not_asked = running.filter(Q(asked_reading=None) | Q(asked_reading__lt=reading.pk))
    sent_since = Attempt.objects.filter(order=OuterRef("pk"), outcome__in=BOUGHT, reading_before__gte=reading.pk)
    return not_asked.exclude(Exists(sent_since)).count()


def _line(order: Order, bought: Span, window: Window) -> Line:
    name = f"order {order.pk}"
    if order.state == states.RUNNING or (order.state == states.COMPLETED and order.ended_reading is not None):
        return Line(name, bought, order.cost, order.taken, order.upstream_charge, back=None)
    back = back_span(
        asked=order.asked_reading,
        ended=order.ended_reading if _told(order) else None,
        bought=bought,
        loose_until=window.settled(order.finished_at, after=order.ended_reading or 0),
    )
    return Line(name, bought, order.cost, order.taken, order.upstream_charge, back=back)


def _told(order: Order) -> bool:
    """Whether the vendor said what it paid back, and not only that the order has ended."""
    paid_back = order.taken is None or (order.upstream_charge or ZERO) < order.taken
    return order.ended_reading is not None and order.upstream_charge is not None and paid_back
