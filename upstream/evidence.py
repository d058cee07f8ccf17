"""What the vendor's balance says of a purchase that was not answered: charged, not charged, or nothing certain.

The vendor gives no reference of ours back, but its balance can't hide what it charged. Between two readings of
the balance so much money left; what we know was bought and paid back in between is so much. Pure: readings and
movements in, a finding out.

Moments are told in numbers of readings, not by a clock: a movement came after reading `after` was taken and
before reading `before` was begun. One that lies wholly between the two readings counts; one that lies across a
reading, or may not have happened at all, counts or does not; all ways are tried. A finding is made only where
every way that explains the drift says the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db import models

from core.money import ZERO, show, to_micros

# Balances are told in 1/10,000 USD and cut off there, so a drift is known to that; a charge is rounded to it.
READING_ERROR = Decimal("0.0001")
CHARGE_ERROR = Decimal("0.00005")
# So many different sums are compared at most: beyond them the figures say nothing any more.
MOST_SUMS = 20_000
MOST_COMPARED = 200_000
MOST_NAMED = 12


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
    """Money that left our balance with the vendor, or came back (negative), if it did at all. USD."""

    name: str
    # None: something moved, nobody knows how much.
    amount: Decimal | None
    after: int
    # None: it may still be to come.
    before: int | None
    certain: bool = True
    # USD by which the amount may be off, for charges are told rounded.
    error: Decimal = CHARGE_ERROR


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A finding, and the figures behind it for an operator."""

    finding: Finding
    figures: str


def weigh(*, first: Reading, last: Reading, doubt: list[Movement], others: Iterable[Movement]) -> Evidence:
    """Whether what `doubt` may have cost left our balance between two readings.

    `doubt` is one movement, or one for each number of a purchase of numbers. NOT_CHARGED: what we know of
    explains the drift, and does so only if nothing of the doubt was charged. CHARGED: only if something was.
    """
    drift = first.balance - last.balance
    known, unsure, unknown = _between(first.number, last.number, others)
    known_sum = sum(_amounts(known), ZERO)
    error = READING_ERROR + sum((one.error for one in known + unsure + doubt), ZERO)
    figures = _figures(first, last, drift, known, known_sum, unsure, error)
    if unknown:
        return Evidence(finding=Finding.AMBIGUOUS, figures=f"{figures}\nOf unknown size: {_named(unknown)}.")
    mine = _amounts(doubt)
    if len(mine) < len(doubt) or any(amount <= 2 * error for amount in mine):
        return Evidence(finding=Finding.AMBIGUOUS, figures=f"{figures}\nIt is too small to be seen in the balance.")
    without = _sums(_amounts(unsure))
    charged = _sums(mine)
    if without is None or charged is None or len(without) * len(charged) > MOST_COMPARED:
        return Evidence(finding=Finding.AMBIGUOUS, figures=f"{figures}\nToo much moved at once to tell.")
    rest, slack = to_micros(drift - known_sum), to_micros(error)
    if_not = any(abs(rest - some) <= slack for some in without)
    if_so = any(abs(rest - some - own) <= slack for some in without for own in charged - {0})
    if if_not == if_so:
        why = "Both are possible." if if_so else "Neither explains it: something else moved, such as a top-up."
        return Evidence(finding=Finding.AMBIGUOUS, figures=f"{figures}\n{why}")
    if if_so:
        return Evidence(finding=Finding.CHARGED, figures=f"{figures}\nOnly its own charge explains the drift.")
    return Evidence(finding=Finding.NOT_CHARGED, figures=f"{figures}\nThe drift leaves no room for its charge.")


def _between(first: int, last: int, movements: Iterable[Movement]) -> tuple[list[Movement], list[Movement], list[str]]:
    """What surely moved between the readings, what perhaps did, and the names of what has no known size."""
    known: list[Movement] = []
    unsure: list[Movement] = []
    unknown = []
    for one in movements:
        if one.after >= last or (one.before is not None and one.before <= first):
            continue
        inside = one.after >= first and one.before is not None and one.before <= last
        if one.amount is None:
            unknown.append(one.name)
        elif one.amount != ZERO:
            (known if inside and one.certain else unsure).append(one)
    return known, unsure, unknown


def _amounts(movements: Iterable[Movement]) -> list[Decimal]:
    return [one.amount for one in movements if one.amount is not None]


def _sums(amounts: list[Decimal]) -> set[int] | None:
    """Every sum, in micros, that some of `amounts` make; None when there are too many."""
    sums = {0}
    for amount in amounts:
        micros = to_micros(amount)
        sums |= {some + micros for some in sums}
        if len(sums) > MOST_SUMS:
            return None
    return sums


def _figures(
    first: Reading,
    last: Reading,
    drift: Decimal,
    known: list[Movement],
    known_sum: Decimal,
    unsure: list[Movement],
    error: Decimal,
) -> str:
    lines = [
        f"Balance {show(first.balance)} (reading {first.number}) → {show(last.balance)} (reading {last.number}): "
        f"{show(drift)} left.",
        f"Known: {show(known_sum)} in {len(known)} movements"
        + (f" ({_named([_told(one) for one in known])})." if known else "."),
        f"Unexplained: {show(drift - known_sum)}, exact to {show(error)}.",
    ]
    if unsure:
        lines.append(f"Perhaps also: {_named([_told(one) for one in unsure])}.")
    return "\n".join(lines)


def _told(one: Movement) -> str:
    return f"{one.name} {show(one.amount or ZERO)}"


def _named(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
