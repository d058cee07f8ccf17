"""Prove that the sums of the days are those of the rows they are made of. Reports, and never repairs.

Days that may still change are left out: the last two, and those with transfers that `books.count` looks at again.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Case, F, Model, Sum, When
from django.db.models.functions import TruncDate
from django.utils import timezone

from books.count import changed, sums_of
from books.days import begins, day_of, each, zone_name
from books.models import CustomerDay, Day, ItemDay, Progress
from core.money import ZERO, plain
from wallet.models import Transfer

SHOWN = 50
YOUNG = timedelta(days=2)
# What costs are is compared for so many of the newest days: each takes as long as counting it.
COSTS = 7
Kind = Transfer.Kind
_FIELDS = {
    (Kind.CAPTURE, 0): "sales",
    (Kind.REFUND, 1): "refunds",
    (Kind.DEPOSIT, 1): "deposits",
    (Kind.BONUS, 1): "bonuses",
    (Kind.CHARGEBACK, 0): "chargebacks",
    (Kind.ADJUSTMENT, 1): "added",
    (Kind.ADJUSTMENT, 0): "deducted",
}
_SUMS = ("sold", "refunded", "sales", "refunds", "cost")


def problems() -> Iterator[str]:
    """A line for each day whose sums are not what its rows come to."""
    progress = Progress.objects.filter(pk=1).first()
    if progress is None or progress.zone != zone_name() or progress.counted_at is None:
        return  # not counted yet
    last = min(progress.next_day, day_of(progress.counted_at - YOUNG)) - timedelta(days=1)
    unsettled = changed(progress, progress.counted_at)
    yield from _first(_ledger(last, unsettled))
    for model, of in ((ItemDay, "what was sold"), (CustomerDay, "customers")):
        yield from _first(_parts(model, of, last))
    yield from _first(_costs(last, unsettled))


def _first(lines: Iterator[str]) -> Iterator[str]:
    for _shown, line in zip(range(SHOWN), lines, strict=False):
        yield line


def _ledger(last: date, unsettled: set[date]) -> Iterator[str]:
    """Every kind of movement of every day, against the transfers."""
    moved: dict[date, dict[str, Decimal]] = {}
    inward = Case(When(target_id=F("customer_id"), then=1), default=0)
    rows = Transfer.objects.filter(created_at__lt=begins(last + timedelta(days=1))).order_by()
    sums = rows.values(day=TruncDate("created_at", tzinfo=timezone.get_default_timezone()), way=inward, what=F("kind"))
    for day, way, kind, total in sums.annotate(total=Sum("amount")).values_list("day", "way", "what", "total"):
        moved.setdefault(day, {})[_FIELDS[Kind(kind), way]] = total
    for row in Day.objects.filter(day__lte=last).order_by("day").iterator():
        told = moved.pop(row.day, {})
        if row.day in unsettled:
            continue
        for name in _FIELDS.values():
            counted, due = getattr(row, name), told.get(name, ZERO)
            if counted != due:
                yield f"{row.day}: {name} are counted as {plain(counted)}, its transfers come to {plain(due)}"
    for day in sorted(set(moved) - unsettled):
        yield f"{day}: has transfers and is not counted"


def _parts(model: type[Model], of: str, last: date) -> Iterator[str]:
    """The day's parts must come to the day."""
    sums = model._default_manager.filter(day__lte=last).order_by().values("day")
    parts = {row["day"]: row for row in sums.annotate(**{f"all_{name}": Sum(name) for name in _SUMS})}
    for row in Day.objects.filter(day__lte=last).order_by("day").iterator():
        part = parts.get(row.day, {})
        for name in _SUMS:
            counted, due = getattr(row, name), part.get(f"all_{name}") or 0
            if counted != due:
                yield f"{row.day}: {name} of {of} come to {_text(due)}, and are {_text(counted)} of the day"


def _costs(last: date, unsettled: set[date]) -> Iterator[str]:
    """Costs of the newest settled days, against orders and numbers."""
    counted = dict(Day.objects.filter(day__gt=last - timedelta(days=COSTS)).values_list("day", "cost"))
    for day in each(last - timedelta(days=COSTS - 1), last):
        if day in unsettled or day not in counted:
            continue
        due = sums_of(begins(day), begins(day + timedelta(days=1))).total.cost
        if counted[day] != due:
            yield f"{day}: cost is counted as {plain(counted[day])}, orders and numbers come to {plain(due)}"


def _text(value: Decimal | int) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)
