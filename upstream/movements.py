"""What moved our balance with the vendor between two readings, as far as our own rows know: what orders and
numbers share of it. `upstream.evidence` weighs it."""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.money import ZERO
from upstream.evidence import CENT, FINEST, MOST, Movement, Reading
from upstream.forwarding import UNCERTAIN, Attempt
from upstream.models import BalanceReading

Outcome = Attempt.Outcome
# The vendor has it by this call: it said so, or an operator found it there.
BOUGHT = (Outcome.ACCEPTED, Outcome.FOUND)
# How long the vendor may still pay back what nobody follows: a doubt that stands, and anything else.
DOUBT_LIVES = timedelta(days=30)
AFTERLIFE = timedelta(days=3)
AnAttempt = TypeVar("AnAttempt", bound=Attempt)


def patience() -> timedelta:
    """How long after an unanswered call the vendor may still act on it."""
    return timedelta(seconds=settings.UPSTREAM_EVIDENCE_WAIT)


@dataclass(frozen=True)
class Span:
    """When something happened, in numbers of readings: after one was taken and before another was begun."""

    after: int
    before: int | None


class Readings:
    """The readings of our balance from some moment on, in order: by them everything else is dated."""

    def __init__(self, *, first: int) -> None:
        rows = BalanceReading.objects.filter(pk__gte=first).order_by("pk")
        self.rows = list(rows)
        self.first = first
        self._numbers = [row.pk for row in self.rows]

    @property
    def long_ago(self) -> datetime | None:
        """What was over with by then plays no part any more; None when there is no reading."""
        return self.rows[0].read_at - patience() if self.rows else None

    def settled(self, moment: datetime | None, *, after: int, lasts: timedelta | None = None) -> int | None:
        """The first reading by which what was left open at `moment` is over with; None: none so far."""
        if moment is None:
            return None
        over = moment + (patience() if lasts is None else lasts)
        begin = bisect.bisect_right(self._numbers, after)
        return next((row.pk for row in self.rows[begin:] if row.read_at >= over), None)

    def attempts(self, model: type[AnAttempt]) -> models.QuerySet[AnAttempt]:
        """Calls that may have been charged since the first, and those in doubt that may have been paid back."""
        began = self.rows[0].read_at
        return model._default_manager.filter(
            Q(outcome=Outcome.OPEN)
            | Q(outcome=Outcome.UNANSWERED, finished_at__gt=began - DOUBT_LIVES)
            | Q(reading_after__gte=self.first)
            | Q(finished_at__gt=self.long_ago),
            outcome__in=[*BOUGHT, Outcome.OPEN, Outcome.UNANSWERED],
        )

    def call(self, attempt: Attempt) -> Span:
        """When the vendor charged for a call, if it did."""
        if attempt.outcome == Outcome.ACCEPTED and attempt.reading_after is not None:
            return Span(attempt.reading_before, attempt.reading_after + 1)
        return Span(attempt.reading_before, self.settled(attempt.finished_at, after=attempt.reading_after or 0))


LONG_BEFORE = Span(0, 0)


@dataclass(frozen=True)
class Line:
    """One order or number that the vendor has: what it took for it, and what it may have given back. USD."""

    name: str
    bought: Span
    # What we reckoned it costs, to the last digit.
    cost: Decimal
    # Rounded: what it took at first, and what it says it keeps; None: it has not said.
    taken: Decimal | None
    kept: Decimal | None
    # When something came back; None: nothing did, for it runs or was delivered in full.
    back: Span | None = None
    # Whether the vendor said that it paid back what it no longer keeps, so that only the moment may be unknown.
    told: bool = False
    # Whether all that was taken comes back or nothing, should it come back at all.
    all_or_nothing: bool = False


def of_line(line: Line) -> Iterator[Movement]:
    """What a line moved."""
    bought = _movement(line.name, line.bought)
    if line.taken is None:
        yield _never_told(line)
        return
    taken, error = _exact(line.taken, line.cost)
    yield replace(bought, amount=taken, error=error)
    if line.back is None:
        return
    back = _movement(f"{line.name} paid back", line.back)
    if line.told and line.kept is not None:
        # What is told may be booked at once or a little later: counted where that makes no difference.
        amount = -taken if line.kept == ZERO else line.kept - taken
        yield replace(back, amount=amount, error=error + (ZERO if line.kept == ZERO else _rounding(line.kept)))
    elif line.all_or_nothing:
        yield replace(back, amount=-taken, error=error, certain=False)
    else:
        yield replace(back, low=-taken)


def _never_told(line: Line) -> Movement:
    """What the vendor took it never said: it runs and was not asked for yet, or had ended when it first was."""
    charge = replace(_movement(line.name, line.bought), high=line.cost * MOST)
    if line.back is None:
        return charge
    back = replace(_movement(f"{line.name} paid back", line.back), low=-line.cost * MOST)
    whole = _movement(line.name, Span(line.bought.after, line.back.before))
    if line.told and line.kept is not None:
        return replace(whole, amount=line.kept, error=_rounding(line.kept), parts=(charge, back))
    return replace(whole, low=back.low, high=charge.high, parts=(charge, back))


def in_doubt(name: str, cost: Decimal, attempt: Attempt, *, state: str, readings: Readings) -> Iterator[Movement]:
    """What a call that was not answered may have moved: its charge, and later a pay-back that nobody would see."""
    span = readings.call(attempt)
    yield replace(_movement(name, span), high=cost * MOST, call=attempt.claim)
    lives = DOUBT_LIVES if state == UNCERTAIN else AFTERLIFE
    until = readings.settled(attempt.finished_at, after=attempt.reading_after or 0, lasts=lives)
    back = _movement(f"{name} paid back", Span(span.after, until))
    # Where its charge lies between the readings as well, what came back is part of the bounds above.
    yield replace(back, low=-cost * MOST, later=True, call=attempt.claim)


def _movement(name: str, span: Span) -> Movement:
    return Movement(name=name, after=span.after, before=span.before)


def _exact(told: Decimal, reckoned: Decimal) -> tuple[Decimal, Decimal]:
    """The amount behind one that was told, and by how much it may be off: what it was rounded from, if it was."""
    off = abs(told - reckoned)
    return (reckoned, off) if off <= CENT / 2 else (told, _rounding(told))


def _rounding(told: Decimal) -> Decimal:
    return FINEST / 2 if told % CENT else CENT / 2


def reading(row: BalanceReading) -> Reading:
    """A reading, to be weighed."""
    if row.balance is None:
        raise ValueError(f"reading {row.pk} was never answered")
    return Reading(number=row.pk, balance=row.balance)
