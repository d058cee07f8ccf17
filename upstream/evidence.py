"""What the vendor's balance says of a purchase that was not answered: charged, not charged, or nothing certain.

The vendor gives no reference of ours back, but its balance can't hide what it charged. Between two readings of
the balance so much money left; what we know was bought and paid back in between is so much. Pure: readings and
movements in, a finding out.

Moments are told in numbers of readings, not by a clock: a movement came after reading `after` was taken and
before reading `before` was begun. One that lies wholly between the two readings counts; one that lies across a
reading counts or does not, and all ways are tried. What is not known exactly, such as another doubt, moved
anything within its bounds. A finding is made only where every way that explains the drift says the same.

What no reckoning can exclude: a credit of just the doubt's cost that falls between the same two readings as its
charge. The caller looks at the readings between, so that they would have to be neighbours.
"""

import bisect
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db import models

from core.money import ZERO, show, to_micros

# A charge is told in 1/10,000 USD or in cents, rounded; a balance too.
CENT = Decimal("0.01")
FINEST = Decimal("0.0001")
# Prices may have changed since we copied them: what was not told was charged within these multiples of our reckoning.
LEAST = Decimal("0.1")
MOST = Decimal(3)
# So many different sums are compared at most: beyond them the figures say nothing any more.
MOST_SUMS = 20_000
MOST_NAMED = 12
MILLION = 1_000_000


class Finding(models.TextChoices):
    """What the balance says."""

    NOT_CHARGED = "NOT_CHARGED", "Not charged"
    CHARGED = "CHARGED", "Charged"
    AMBIGUOUS = "AMBIGUOUS", "Nothing certain"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A balance in USD under its number."""

    number: int
    balance: Decimal


@dataclass(frozen=True, kw_only=True)
class Movement:
    """Money that left our balance with the vendor, or came back (negative), at some time in a span. USD.

    Exactly `amount`, off by `error` at most; or, where `low` and `high` are given, anything between them.
    """

    name: str
    after: int
    # None: it may still be to come.
    before: int | None
    amount: Decimal = ZERO
    error: Decimal = ZERO
    low: Decimal = ZERO
    high: Decimal = ZERO
    # Its amount moved, or nothing did.
    certain: bool = True
    # It counts only between readings of which the first was taken later than `after`.
    later: bool = False
    # Where it does not lie between the readings as a whole, these stand for it.
    parts: "tuple[Movement, ...]" = ()
    # The call that may have caused it, if that is in doubt.
    call: str = ""

    def outside(self, first: int, last: int) -> bool:
        """Whether it surely does not lie between two readings."""
        return self.after >= last or (self.before is not None and self.before <= first)

    def inside(self, first: int, last: int) -> bool:
        """Whether it surely lies between them."""
        return self.after >= first and self.before is not None and self.before <= last


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A finding, and the figures behind it for an operator."""

    finding: Finding
    figures: str
    # Whether what we know explains the drift if the doubt was not charged.
    explained_without: bool = False


def weigh(*, first: Reading, last: Reading, cost: Decimal, least: Decimal, others: Iterable[Movement]) -> Evidence:
    """Whether a doubt was charged between two readings.

    `cost` is what it was reckoned to cost in USD, `least` the smallest part of it that may have been bought (one of
    several numbers). NOT_CHARGED: what we know of explains the drift, and does so only if nothing of the doubt was
    charged. CHARGED: only if something was.
    """
    sums = _Sums(first.number, last.number, others)
    drift = first.balance - last.balance
    rest = drift - sums.known
    error = _reading_error(first, last) + sums.error
    figures = _figures(first, last, drift, sums, error)
    low, high = least * LEAST, cost * MOST
    if low <= 2 * error:
        return _nothing(figures, "It is too small to be seen in the balance.")
    points = _reachable([one.amount for one in sums.unsure])
    if points is None:
        return _nothing(figures, "Too much moved at once to tell.")
    without = _fits(rest, points, sums.low - error, sums.high + error)
    having = _fits(rest, points, low + sums.low - error, high + sums.high + error)
    if without == having:
        why = "Both are possible." if having else "Neither explains it: something else moved, such as a top-up."
        return _nothing(figures, why, explained=without)
    if having:
        return Evidence(finding=Finding.CHARGED, figures=f"{figures}\nOnly its own charge explains the drift.")
    return Evidence(
        finding=Finding.NOT_CHARGED,
        figures=f"{figures}\nThe drift leaves no room for its charge.",
        explained_without=True,
    )


class _Sums:
    """What moved between two readings: surely, perhaps, and within bounds."""

    def __init__(self, first: int, last: int, movements: Iterable[Movement]) -> None:
        self.certain: list[Movement] = []
        self.unsure: list[Movement] = []
        self.bounded: list[Movement] = []
        for one in _spread(first, last, movements):
            if one.outside(first, last) or (one.later and one.after >= first):
                continue
            if one.low or one.high:
                self.bounded.append(one)
            elif one.amount:
                (self.certain if one.certain and one.inside(first, last) else self.unsure).append(one)
        self.known = sum((one.amount for one in self.certain), ZERO)
        self.error = sum((one.error for one in self.certain + self.unsure), ZERO)
        self.low = sum((one.low for one in self.bounded), ZERO)
        self.high = sum((one.high for one in self.bounded), ZERO)


def _spread(first: int, last: int, movements: Iterable[Movement]) -> Iterator[Movement]:
    for one in movements:
        if one.parts and not one.inside(first, last):
            yield from one.parts
        else:
            yield one


def _nothing(figures: str, why: str, *, explained: bool = False) -> Evidence:
    return Evidence(finding=Finding.AMBIGUOUS, figures=f"{figures}\n{why}", explained_without=explained)


def _reading_error(first: Reading, last: Reading) -> Decimal:
    """Balances are cut off at their last digit: two that are whole cents may hide what is smaller."""
    return FINEST if first.balance % CENT or last.balance % CENT else CENT


def _reachable(amounts: list[Decimal]) -> list[int] | None:
    """Every sum, in micros and in order, that some of `amounts` make; None when there are too many."""
    sums = {0}
    for amount in amounts:
        micros = to_micros(amount)
        sums |= {some + micros for some in sums}
        if len(sums) > MOST_SUMS:
            return None
    return sorted(sums)


def _fits(rest: Decimal, points: list[int], low: Decimal, high: Decimal) -> bool:
    """Whether one of `points` leaves something from `low` to `high` of `rest`."""
    begin = bisect.bisect_left(points, math.floor((rest - high) * MILLION))
    return begin < len(points) and points[begin] <= math.ceil((rest - low) * MILLION)


def _figures(first: Reading, last: Reading, drift: Decimal, sums: _Sums, error: Decimal) -> str:
    lines = [
        f"Balance {show(first.balance)} (reading {first.number}) → {show(last.balance)} (reading {last.number}): "
        f"{show(drift)} left.",
        f"Known: {show(sums.known)} in {len(sums.certain)} movements"
        + (f" ({_named([_told(one) for one in sums.certain])})." if sums.certain else "."),
        f"Unexplained: {show(drift - sums.known)}, exact to {show(error)}.",
    ]
    if sums.unsure:
        lines.append(f"Perhaps also: {_named([_told(one) for one in sums.unsure])}.")
    if sums.bounded:
        bounds = [f"{one.name} {show(one.low)} to {show(one.high)}" for one in sums.bounded]
        lines.append(f"Within bounds: {_named(bounds)}.")
    return "\n".join(lines)


def _told(one: Movement) -> str:
    return f"{one.name} {show(one.amount)}"


def _named(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
