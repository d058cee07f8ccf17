"""What numbers know of the money that moved between two readings of our balance: for `upstream.evidence`."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q

from sms import states
from sms.listen import LONGEST_WAIT
from sms.models import Attempt, Number, Purchase
from upstream.evidence import MOST, Movement
from upstream.models import BalanceReading
from upstream.movements import BOUGHT, LONG_BEFORE, Line, Readings, Span, in_doubt, of_line


def movements(readings: Readings) -> Iterator[Movement]:
    """What numbers moved since the first of the readings, in doubt or not."""
    seen = set()
    attempts = readings.attempts(Attempt).select_related("purchase").prefetch_related("purchase__numbers__purchase")
    for attempt in attempts:
        purchase = attempt.purchase
        if attempt.outcome not in BOUGHT:
            name = f"purchase {purchase.pk} (call {attempt.pk})"
            yield from in_doubt(name, total(purchase), attempt, state=purchase.state, readings=readings)
            continue
        for number in purchase.numbers.all():
            seen.add(number.pk)
            yield from of_line(_line(number, readings.call(attempt), readings))
    began = readings.rows[0].read_at
    lately = (
        Q(ended_reading__gte=readings.first)
        | Q(finished_at__gt=readings.long_ago)
        | Q(ended_reading=None, finished_at__gt=began - LONGEST_WAIT)
        | Q(state__in=states.LIVE, upstream_charge__lt=F("taken"))
    )
    for number in Number.objects.select_related("purchase").filter(lately):
        if number.pk not in seen:  # more of them than a query takes values
            yield from of_line(_line(number, LONG_BEFORE, readings))
    yield from _surplus(began)


def total(purchase: Purchase) -> Decimal:
    """USD that all the numbers of a purchase were reckoned to cost."""
    return purchase.cost * purchase.quantity


def unheard(reading: BalanceReading) -> int:
    """How many live numbers have not been asked for since the reading: they may have been paid back before it.

    Those that were bought after it don't count.
    """
    live = Number.objects.filter(state__in=states.LIVE).exclude(upstream_charge__lt=F("taken"))
    not_asked = live.filter(Q(asked_reading=None) | Q(asked_reading__lt=reading.pk))
    sent_since = Attempt.objects.filter(
        purchase=OuterRef("purchase"), outcome__in=BOUGHT, reading_before__gte=reading.pk
    )
    return not_asked.exclude(Exists(sent_since)).count()


def _line(number: Number, bought: Span, readings: Readings) -> Line:
    taken, kept = number.taken, number.upstream_charge
    fell = taken is not None and kept is not None and kept < taken
    line = Line(f"number {number.pk}", bought, number.purchase.cost, taken, kept)
    if not fell and number.state not in states.UNPAID:
        # It waits, or its code was paid for.
        return line
    after = max(number.asked_reading or 0, bought.after)
    by_word = number.ended_reading is not None
    lasts = None if by_word or _end_was_told(number) else LONGEST_WAIT
    until = readings.settled(number.finished_at, after=number.ended_reading or 0, lasts=lasts)
    told = (fell or taken is None) and kept is not None and by_word
    return replace(line, back=Span(after, until), told=told, all_or_nothing=True)


def _end_was_told(number: Number) -> bool:
    """Whether the vendor said until when the number lives, so that it pays back then."""
    return abs(number.expires_at - number.received_at - timedelta(seconds=settings.SMS_WAIT_SECONDS)) > _SAME


def _surplus(began: datetime) -> Iterator[Movement]:
    """Numbers beyond what was asked for: nobody follows them, and each ends without a code."""
    lately = Purchase.objects.filter(surplus__gt=0, accepted_at__gt=began - LONGEST_WAIT)
    for purchase in lately:
        most = purchase.cost * purchase.surplus * MOST
        yield Movement(name=f"purchase {purchase.pk}, surplus", after=0, before=None, low=-most, high=most)


_SAME = timedelta(seconds=1)
