"""Count the books: sum each day's transfers, and what its sales cost, into the rows of `books.models`.

A day is always counted whole, from the rows themselves, and its old sums are replaced: counting twice, or by two
workers, says the same. What there is to count is found in three ways. Days that were never counted, from the first
on. The days of transfers that are new: numbers are handed out before a transaction commits, so they are looked at
again from `Progress.low` on, which follows the newest one at least OVERLAP later. And the days of numbers that ended
lately: the vendor may name another charge as long as a number lives, after it was paid for.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Case, Count, F, Max, Min, Q, QuerySet, Sum, When
from django.utils import timezone

from books.days import begins, day_of, each, zone_name
from books.models import CustomerDay, Day, ItemDay, Progress
from catalog.pricing import share
from core.money import ZERO, MoneyField
from orders import states
from orders.models import Order
from sms.models import Number, Purchase
from upstream.models import BalanceReading
from wallet.models import Transfer

log = logging.getLogger(__name__)

# Longer than any transaction of the shop: none of them waits for the vendor.
OVERLAP = timedelta(minutes=10)
# Longer than a number lives.
LATE_CHARGES = timedelta(days=2)
BATCH = 500

Kind = Transfer.Kind
# The vendor's word where it has given one; a charge of 0 is none.
_OF_ORDER = Case(
    When(hold__order__upstream_charge__gt=0, then=F("hold__order__upstream_charge")),
    default=F("hold__order__cost"),
    output_field=MoneyField(),
)
_OF_NUMBER = Case(
    When(hold__sms_slot__number__upstream_charge__gt=0, then=F("hold__sms_slot__number__upstream_charge")),
    default=F("hold__sms_slot__purchase__cost"),
    output_field=MoneyField(),
)


@dataclass
class Sums:
    """Figures while they are added up; USD."""

    sold: int = 0
    refunded: int = 0
    sales: Decimal = ZERO
    refunds: Decimal = ZERO
    cost: Decimal = ZERO

    def add(self, other: "Sums") -> None:
        """Count the other's figures in."""
        self.sold += other.sold
        self.refunded += other.refunded
        self.sales += other.sales
        self.refunds += other.refunds
        self.cost += other.cost


@dataclass(frozen=True)
class Key:
    """Who bought what: a service, a project, or what is neither."""

    customer: int
    service: int | None = None
    project: int | None = None


@dataclass
class Counted:
    """A day's sums, of each thing that was sold and of each customer."""

    total: Sums = field(default_factory=Sums)
    items: dict[tuple[int | None, int | None], Sums] = field(default_factory=lambda: defaultdict(Sums))
    customers: dict[int, Sums] = field(default_factory=lambda: defaultdict(Sums))


def count(*, now: datetime, until: datetime | None = None) -> int:
    """Bring every day up to date; returns how many days were counted.

    Stops when the clock reaches `until`, and goes on from there the next time.
    """
    progress = _progress(now)
    newest = _newest(now)
    counted = 0
    for day in list(_never(progress, now)):
        _write(day, now)
        Progress.objects.filter(pk=progress.pk).update(next_day=day + timedelta(days=1))
        counted += 1
        if until is not None and timezone.now() >= until:
            return counted
    for day in [*sorted(changed(progress, now) - {day_of(now)}), day_of(now)]:
        _write(day, now)
        counted += 1
    moved: dict[str, Any] = {"counted_at": now}
    if now - progress.marked_at >= OVERLAP:
        moved |= {"low": progress.mark, "mark": newest, "marked_at": now}
    Progress.objects.filter(pk=progress.pk).update(**moved)
    return counted


def changed(progress: Progress, now: datetime) -> set[date]:
    """Days before `progress.next_day` that may not hold all of their rows yet."""
    new = Transfer.objects.filter(pk__gt=progress.low).order_by("pk").values_list("created_at", flat=True)
    found = {day_of(at) for at in new.iterator(chunk_size=5000)}
    # Nobody may have counted for a while.
    late = min(now, progress.counted_at or now) - LATE_CHARGES
    ended = Number.objects.filter(finished_at__gte=late, first_code_at__isnull=False, texts_removed_at=None)
    found |= {day_of(at) for at in ended.values_list("first_code_at", flat=True) if at is not None}
    kept = Order.objects.filter(_KEPT, finished_at__gte=late)
    found |= {day_of(at) for at in kept.values_list("finished_at", flat=True) if at is not None}
    if progress.counted_at is not None:
        found |= set(each(day_of(progress.counted_at - OVERLAP), day_of(now)))
    return found


def sums_of(since: datetime, until: datetime) -> Counted:
    """Sum what was sold from `since` on and before `until`, from the rows themselves."""
    found = Counted()
    for key, sums in _parts(since, until):
        found.total.add(sums)
        found.items[key.service, key.project].add(sums)
        found.customers[key.customer].add(sums)
    return found


# ── Which days ─────────────────────────────────────────────────────────────────────────────────────
def _progress(now: datetime) -> Progress:
    """Where we are. Another time zone has other days: then all are counted anew, one after the other."""
    progress = Progress.objects.filter(pk=1).first()
    if progress is not None and progress.zone == zone_name():
        return progress
    first = [
        Transfer.objects.aggregate(at=Min("created_at"))["at"],
        Order.objects.aggregate(at=Min("placed_at"))["at"],
        Purchase.objects.aggregate(at=Min("placed_at"))["at"],
        now,
    ]
    # What is newer than this may be in a transaction that is not over.
    seen = _newest(now - OVERLAP)
    fresh = {
        "zone": zone_name(),
        "next_day": day_of(min(at for at in first if at is not None)),
        **{"low": seen, "mark": seen, "marked_at": now, "counted_at": None},
    }
    return Progress.objects.update_or_create(pk=1, defaults=fresh)[0]


def _never(progress: Progress, now: datetime) -> Iterator[date]:
    return each(progress.next_day, day_of(now))


def _newest(until: datetime) -> int:
    newest: int | None = Transfer.objects.filter(created_at__lte=until).aggregate(newest=Max("pk"))["newest"]
    return newest or 0


# ── One day ────────────────────────────────────────────────────────────────────────────────────────
def _write(day: date, now: datetime) -> None:
    since, until = begins(day), begins(day + timedelta(days=1))
    counted = sums_of(since, until)
    row = Day(day=day, counted_at=now, **vars(counted.total), **_movements(since, until))
    row.placed = _within(Order, "placed_at", since, until).count()
    row.placed += _within(Purchase, "placed_at", since, until).count()
    reading = _within(BalanceReading, "read_at", since, until).order_by("-pk").first()
    with transaction.atomic():
        Progress.objects.select_for_update().get(pk=1)
        if reading is None:  # readings are kept for a while only
            row.vendor_balance = Day.objects.filter(day=day).values_list("vendor_balance", flat=True).first()
        else:
            row.vendor_balance = reading.balance
        for model in (Day, ItemDay, CustomerDay):
            model._default_manager.filter(day=day).delete()
        row.save(force_insert=True)
        ItemDay.objects.bulk_create(
            (
                ItemDay(day=day, service_id=service, project_id=project, **vars(sums))
                for (service, project), sums in counted.items.items()
            ),
            batch_size=BATCH,
        )
        CustomerDay.objects.bulk_create(
            (CustomerDay(day=day, customer_id=customer, **vars(sums)) for customer, sums in counted.customers.items()),
            batch_size=BATCH,
        )
    log.debug("counted %s: %s sold", day, row.sold)


def _within(model: Any, at: str, since: datetime, until: datetime) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.filter(**{f"{at}__gte": since, f"{at}__lt": until})
    return rows


def _movements(since: datetime, until: datetime) -> dict[str, Decimal]:
    """What moved besides sales and refunds, by the fields of `Day`."""
    moved = dict.fromkeys(("deposits", "bonuses", "chargebacks", "added", "deducted"), ZERO)
    names = {Kind.DEPOSIT: "deposits", Kind.BONUS: "bonuses", Kind.CHARGEBACK: "chargebacks"}
    rows = _within(Transfer, "created_at", since, until).exclude(kind__in=[Kind.CAPTURE, Kind.REFUND])
    inward = Case(When(target=F("customer"), then=1), default=0)
    for kind, came, total in (
        rows.order_by().values("kind").annotate(came=inward, total=Sum("amount")).values_list("kind", "came", "total")
    ):
        name = names[Kind(kind)] if kind != Kind.ADJUSTMENT else "added" if came else "deducted"
        moved[name] += total
    return moved


# Refused or canceled, and the vendor kept something all the same.
_KEPT = Q(state__in=states.UNPAID, upstream_charge__gt=0)


def _parts(since: datetime, until: datetime) -> Iterator[tuple[Key, Sums]]:
    """Who bought what: pieces of a day, which add up to it."""
    transfers = _within(Transfer, "created_at", since, until).order_by()
    sold, back = transfers.filter(kind=Kind.CAPTURE), transfers.filter(kind=Kind.REFUND)

    untold = Q(hold__order__upstream_charge=None) | Q(hold__order__upstream_charge=0)
    partial = Q(hold__order__state=states.PARTIAL) & untold
    of_orders = Q(hold__order__isnull=False)
    by_service = ("hold__order__customer_id", "hold__order__service_id")
    told = sold.filter(of_orders).values(*by_service)
    told = told.annotate(count=Count("pk"), amount=Sum("amount"), cost=Sum(_OF_ORDER, filter=~partial))
    for customer, service, n, amount, cost in told.values_list(*by_service, "count", "amount", "cost"):
        yield Key(customer, service=service), Sums(sold=n, sales=amount, cost=cost or ZERO)
    # Of what arrived in part the vendor takes its part; where it names none it is reckoned as for the customer.
    figures = ("hold__order__cost", "hold__order__delivered", "hold__order__quantity")
    for customer, service, cost, part, whole in sold.filter(partial).values_list(*by_service, *figures).iterator():
        yield Key(customer, service=service), Sums(cost=share(cost, part=part, whole=whole))
    for customer, service, n, amount in _grouped(back.filter(of_orders), by_service):
        yield Key(customer, service=service), Sums(refunded=n, refunds=amount)
    kept = _within(Order, "finished_at", since, until).filter(_KEPT).order_by().values("customer_id", "service_id")
    for customer, service, cost in kept.annotate(cost_kept=Sum("upstream_charge")).values_list(
        "customer_id", "service_id", "cost_kept"
    ):
        yield Key(customer, service=service), Sums(cost=cost)

    of_numbers = Q(hold__sms_slot__isnull=False)
    by_project = ("hold__sms_slot__purchase__customer_id", "hold__sms_slot__purchase__project_id")
    numbers = sold.filter(of_numbers).values(*by_project)
    numbers = numbers.annotate(count=Count("pk"), amount=Sum("amount"), cost=Sum(_OF_NUMBER))
    for customer, project, n, amount, cost in numbers.values_list(*by_project, "count", "amount", "cost"):
        yield Key(customer, project=project), Sums(sold=n, sales=amount, cost=cost)
    for customer, project, n, amount in _grouped(back.filter(of_numbers), by_project):
        yield Key(customer, project=project), Sums(refunded=n, refunds=amount)

    strays = Q(hold__order=None, hold__sms_slot=None)
    for customer, n, amount in _grouped(sold.filter(strays), ("customer__owner_id",)):
        yield Key(customer), Sums(sold=n, sales=amount)
    for customer, n, amount in _grouped(back.filter(strays), ("customer__owner_id",)):
        yield Key(customer), Sums(refunded=n, refunds=amount)


def _grouped(rows: QuerySet[Transfer], by: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    groups = rows.values(*by).annotate(count=Count("pk"), total=Sum("amount"))
    yield from groups.values_list(*by, "count", "total")
