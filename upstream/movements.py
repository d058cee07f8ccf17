"""What moved our balance with the vendor between two readings, as far as our own rows know: what orders and
numbers share of it. `upstream.evidence` weighs it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.money import ZERO
from upstream.evidence import CHARGE_ERROR, Movement, Reading
from upstream.forwarding import Attempt
from upstream.models import BalanceReading

Outcome = Attempt.Outcome
# The vendor has it by this call: it said so, or an operator found it there.
BOUGHT = (Outcome.ACCEPTED, Outcome.FOUND)
AnAttempt = TypeVar("AnAttempt", bound=Attempt)


def patience() -> timedelta:
    """How long after an unanswered call the vendor may still act on it."""
    return timedelta(seconds=settings.UPSTREAM_EVIDENCE_WAIT)


@dataclass(frozen=True)
class Span:
    """When something happened, in numbers of readings: after one was taken and before another was begun."""

    after: int
    before: int | None


@dataclass(frozen=True)
class Window:
    """The time between two readings of the balance."""

    first: BalanceReading
    last: BalanceReading

    @property
    def ends(self) -> tuple[Reading, Reading]:
        """Both readings, to be weighed."""
        return _reading(self.first), _reading(self.last)

    @property
    def before_it(self) -> Span:
        """Some time before the first reading."""
        return Span(0, self.first.pk)

    @property
    def long_ago(self) -> datetime:
        """What was over with by then plays no part any more."""
        return self.first.read_at - patience()

    def settled(self, moment: datetime | None, *, after: int) -> int | None:
        """The first reading by which what was left open at `moment` is over with; None: none of this window."""
        if moment is None:
            return None
        if moment + patience() <= self.first.read_at and after < self.first.pk:
            return self.first.pk
        # Across the last reading or beyond it: that is one and the same to this window.
        return self.last.pk if moment + patience() <= self.last.read_at and after < self.last.pk else None

    def attempts(self, model: type[AnAttempt]) -> models.QuerySet[AnAttempt]:
        """Calls that may have been charged in it."""
        return model._default_manager.filter(
            Q(outcome=Outcome.OPEN) | Q(reading_after__gte=self.first.pk) | Q(finished_at__gt=self.long_ago),
            outcome__in=[*BOUGHT, Outcome.OPEN, Outcome.UNANSWERED],
            reading_before__lt=self.last.pk,
        )

    def call(self, attempt: Attempt) -> Span:
        """When the vendor charged for a call, if it did."""
        if attempt.outcome == Outcome.ACCEPTED and attempt.reading_after is not None:
            return Span(attempt.reading_before, attempt.reading_after + 1)
        return Span(attempt.reading_before, self.settled(attempt.finished_at, after=attempt.reading_after or 0))


@dataclass(frozen=True)
class Line:
    """One order or number that the vendor has: what it took for it, and what it may have given back."""

    name: str
    bought: Span
    # USD: what we reckoned it costs, to the last digit.
    cost: Decimal
    # USD, rounded: what it took at first, and what it says it keeps; None: it has not said.
    taken: Decimal | None
    kept: Decimal | None
    # None: nothing comes back, for it runs or was delivered in full.
    back: Span | None
    # Whether all that was taken comes back or nothing, should it come back at all.
    all_or_nothing: bool = False


def of_line(line: Line, window: Window) -> Iterator[Movement]:
    """What a line moved in the window."""
    if line.back is None:
        yield _movement(line.name, line.taken, line.bought, line.cost)
        return
    # Where it ended before it was first asked for, the vendor never said what it took: what we reckoned, then.
    taken = line.cost if line.taken is None else line.taken
    yield _movement(line.name, taken, line.bought, line.cost)
    name = f"{line.name} paid back"
    if line.kept == ZERO:
        yield _movement(name, -taken, line.back, -line.cost)
    elif line.kept is not None and line.kept < taken:
        yield _movement(name, line.kept - taken, line.back)
    elif line.all_or_nothing and taken:
        yield _movement(name, -taken, line.back, -line.cost, certain=False)
    else:
        yield _movement(name, None, line.back)


def in_doubt(name: str, amount: Decimal, span: Span) -> Movement:
    """What nobody knows to have been charged. USD."""
    return _movement(name, amount, span, certain=False)


def back_span(*, asked: int | None, ended: int | None, bought: Span, loose_until: int | None) -> Span:
    """When a pay-back came: after it was last seen running, and before its end was told; where nobody told it,
    before `loose_until`."""
    return Span(max(asked or 0, bought.after), loose_until if ended is None else ended + 1)


def _reading(row: BalanceReading) -> Reading:
    if row.balance is None:
        raise ValueError(f"reading {row.pk} was never answered")
    return Reading(number=row.pk, balance=row.balance)


def _movement(
    name: str, told: Decimal | None, span: Span, exact: Decimal | None = None, *, certain: bool = True
) -> Movement:
    """`told` is rounded. Where `exact` is what it was rounded from, it is off by no more than the two differ."""
    error = CHARGE_ERROR
    if told is not None and exact is not None and abs(told - exact) <= CHARGE_ERROR:
        told, error = exact, abs(told - exact)
    return Movement(name=name, amount=told, after=span.after, before=span.before, certain=certain, error=error)
