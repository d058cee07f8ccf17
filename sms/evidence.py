"""What numbers know of the money that moved between two readings of our balance: for `upstream.evidence`."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef, Q

from sms import states
from sms.models import Attempt, Number
from upstream.evidence import Movement
from upstream.models import BalanceReading
from upstream.movements import BOUGHT, Line, Span, Window, back_span, in_doubt, of_line


def movements(window: Window) -> Iterator[Movement]:
    """What numbers moved in the window, in doubt or not."""
    seen = set()
    attempts = window.attempts(Attempt).select_related("purchase").prefetch_related("purchase__numbers")
    for attempt in attempts:
        if attempt.outcome not in BOUGHT:
            yield from doubt(attempt, window)
            continue
        for number in attempt.purchase.numbers.all():
            seen.add(number.pk)
            yield from of_line(_line(number, window.call(attempt), window), window)
    ended = Number.objects.select_related("purchase").exclude(state__in=states.LIVE).exclude(pk__in=seen)
    lately = Q(ended_reading__gte=window.first.pk) | Q(ended_reading=None, finished_at__gt=window.long_ago)
    for number in ended.filter(lately):
        yield from of_line(_line(number, window.before_it, window), window)


def doubt(attempt: Attempt, window: Window) -> list[Movement]:
    """What a call that was not answered would have cost: each of its numbers, for fewer may have been given."""
    span = window.call(attempt)
    purchase = attempt.purchase
    return [
        in_doubt(f"purchase {purchase.pk} (call {attempt.pk}), number {position}", purchase.cost, span)
        for position in range(1, purchase.quantity + 1)
    ]


def unheard(reading: BalanceReading) -> int:
    """How many live numbers have not been asked for since the reading: they may have been paid back before it.

    Those that were bought after it don't count.
    """
    live = Number.objects.filter(state__in=states.LIVE)
    not_asked = live.filter(Q(asked_reading=None) | Q(asked_reading__lt=reading.pk))
    sent_since = Attempt.objects.filter(
        purchase=OuterRef("purchase"), outcome__in=BOUGHT, reading_before__gte=reading.pk
    )
    return not_asked.exclude(Exists(sent_since)).count()


def _line(number: Number, bought: Span, window: Window) -> Line:
    name = f"number {number.pk}"
    if number.state not in states.UNPAID:
        # It waits, or its code was paid for.
        return Line(name, bought, number.purchase.cost, number.taken, number.upstream_charge, back=None)
    told = number.ended_reading is not None and number.upstream_charge != number.taken
    back = back_span(
        asked=number.asked_reading,
        ended=number.ended_reading if told else None,
        bought=bought,
        loose_until=window.settled(number.finished_at, after=number.ended_reading or 0),
    )
    return Line(
        name, bought, number.purchase.cost, number.taken, number.upstream_charge, back=back, all_or_nothing=True
    )
