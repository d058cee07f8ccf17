"""What the vendor charges against what its list says, over the last purchases of each service and project.

The first charge of each order is compared when it comes (`orders.poll`, `sms.listen`), within a cent and 2 %.
That misses what adds up: a cent on an order of half a cent, a charge that grew later. Here the last `LAST`
purchases at today's cost are taken together. Where they were charged so much that today's price is below cost plus
the minimum margin, selling stops; where they only differ, by the same tolerance, it is found.

A charge in whole cents may have been rounded up to them, so it counts for half a cent less than it says.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, F, Max, OuterRef, Window
from django.db.models.functions import RowNumber

from catalog.models import Service
from catalog.pricing import Rule, fits_cost, share, shortfall
from catalog.rules import general
from catalog.suspend import suspend
from core.money import EXACT, MICRO, ZERO, plain, round_up, show
from orders import states
from orders.models import Order, OrderEvent
from reconcile.matters import Matter
from reconcile.models import Finding, Run
from sms import states as sms_states
from sms.models import Number, Project
from sms.pricing import rule_book
from sms.suspend import suspend as suspend_project

KINDS = [Finding.Kind.COST, Finding.Kind.KEPT]
LAST = 20
# Fewer tell nothing: each alone was compared when its first charge came.
FEWEST = 3
RECENT = timedelta(days=7)
KEPT_FOR = timedelta(days=30)
SHOWN = 50

_CENT = Decimal("0.01")
_HALF_CENT = Decimal("0.005")
_FINER = Decimal("0.00005")


@dataclass(frozen=True)
class Charged:
    """One purchase: pieces, what they were to cost and what was charged for them, in USD."""

    pieces: int
    cost: Decimal
    charge: Decimal
    at: datetime


@dataclass(frozen=True)
class Drift:
    """The last purchases of one thing together. USD."""

    purchases: int
    pieces: int
    cost: Decimal
    charge: Decimal
    # What was charged at the very least, however the vendor rounds what it shows.
    surely: Decimal

    @classmethod
    def of(cls, charged: list[Charged]) -> "Drift":
        """All of them together."""
        return cls(
            purchases=len(charged),
            pieces=sum(one.pieces for one in charged),
            cost=sum((one.cost for one in charged), ZERO),
            charge=sum((one.charge for one in charged), ZERO),
            surely=sum((max(one.charge - _rounding(one.charge), ZERO) for one in charged), ZERO),
        )

    def per(self, unit: int) -> Decimal:
        """USD that `unit` pieces were charged at the very least."""
        return round_up(EXACT.divide(EXACT.multiply(self.surely, unit), self.pieces), MICRO)

    @property
    def fits(self) -> bool:
        """Whether the purchases cost what they should, on average, within the tolerance of a single one."""
        return fits_cost(EXACT.divide(self.charge, self.purchases), EXACT.divide(self.cost, self.purchases))


def look(run: Run, now: datetime) -> Iterator[Matter]:
    """Services and projects that cost other than listed, and charges kept for what did not arrive."""
    yield from _services(now)
    yield from _projects(now)
    yield from _kept(now)


def _rounding(charge: Decimal) -> Decimal:
    return _HALF_CENT if charge % _CENT == 0 else _FINER


def _services(now: datetime) -> Iterator[Matter]:
    orders = Order.objects.filter(
        state__in=[states.RUNNING, states.COMPLETED],
        upstream_charge__gt=0,
        accepted_at__gt=now - RECENT,
        rate=F("service__rate"),
        unit=F("service__unit"),
    ).annotate(place=Window(RowNumber(), partition_by="service_id", order_by=["-accepted_at", "-pk"]))
    rows = orders.filter(place__lte=LAST).values_list(
        "service_id", "quantity", "cost", "upstream_charge", "accepted_at"
    )
    by_service = _grouped(rows, "service")
    rules = general()
    for service in Service.objects.filter(pk__in=by_service):
        rule = rules.rule_for(
            service_id=service.pk, subcategory_id=service.subcategory_id, category_id=service.category_id
        )
        drift = Drift.of(by_service[service.pk])
        matter = _compare(
            drift,
            key=f"service:{service.pk}:drift",
            name=f"Service {service.pk}",
            unit=service.unit,
            price=service.price,
            rule=rule,
            listed=service.rate,
        )
        if matter is None:
            continue
        if _below(drift, service.unit, service.price, rule) and _is_new(matter):
            suspend(service_id=service.pk, why=matter.subject, now=now)
        yield matter


def _projects(now: datetime) -> Iterator[Matter]:
    numbers = Number.objects.filter(
        state__in=sms_states.PAID,
        upstream_charge__gt=0,
        received_at__gt=now - RECENT,
        purchase__cost=F("purchase__project__cost"),
    ).annotate(place=Window(RowNumber(), partition_by="purchase__project_id", order_by=["-received_at", "-pk"]))
    rows = numbers.filter(place__lte=LAST).values_list(
        "purchase__project_id", "purchase__cost", "upstream_charge", "received_at"
    )
    by_project = _grouped(((pk, 1, cost, charge, at) for pk, cost, charge, at in rows), "project")
    rules = rule_book()
    for project in Project.objects.filter(pk__in=by_project):
        rule = rules.rule_for(project_id=project.pk, country_id=project.country_id)
        drift = Drift.of(by_project[project.pk])
        matter = _compare(
            drift,
            key=f"project:{project.pk}:drift",
            name=f"Numbers of project {project.pk}",
            unit=1,
            price=project.price,
            rule=rule,
            listed=project.cost,
        )
        if matter is None:
            continue
        if _below(drift, 1, project.price, rule) and _is_new(matter):
            suspend_project(project_id=project.pk, why=matter.subject, now=now)
        yield matter


def _grouped(
    rows: Iterable[tuple[int, int, Decimal, Decimal | None, datetime | None]], name: str
) -> dict[int, list[Charged]]:
    """The purchases of each service or project, where there are enough; those that an operator has already
    dealt with, by closing the finding that they led to, don't count."""
    closed = Finding.objects.filter(kind=Finding.Kind.COST, key__startswith=f"{name}:", closed_by__isnull=False)
    until: dict[str, datetime] = dict(closed.values_list("key").annotate(Max("closed_at")))
    groups: dict[int, list[Charged]] = defaultdict(list)
    for pk, pieces, cost, charge, at in rows:
        dealt_with = until.get(f"{name}:{pk}:drift")
        if charge is not None and at is not None and not (dealt_with and at <= dealt_with):
            groups[pk].append(Charged(pieces, cost, charge, at))
    return {pk: charged for pk, charged in groups.items() if len(charged) >= FEWEST}


def _below(drift: Drift, unit: int, price: Decimal, rule: Rule) -> bool:
    """Whether what is charged leaves less than the minimum margin of today's price."""
    return bool(shortfall(charge=price, quantity=unit, rate=drift.per(unit), unit=unit, rule=rule))


def _is_new(matter: Matter) -> bool:
    """Not found before: who puts it back on sale with the finding still open means it."""
    return not Finding.objects.filter(key=matter.key, closed_at=None).exists()


def _compare(
    drift: Drift, *, key: str, name: str, unit: int, price: Decimal, rule: Rule, listed: Decimal
) -> Matter | None:
    below = _below(drift, unit, price, rule)
    if drift.fits and not below:
        return None
    each = "each" if unit == 1 else f"for {unit:,}"
    return Matter(
        kind=Finding.Kind.COST,
        key=key,
        subject=f"{name} was charged {show(drift.charge)} for its last {drift.purchases} purchases, "
        f"which were to cost {show(drift.cost)}",
        detail=(
            "At that cost its price is below cost plus the minimum margin, so it was taken off sale.\n"
            if below
            else "Its price still covers that.\n"
        )
        + "Compare with the vendor's list. When you have dealt with it, close this: purchases made until then no "
        "longer count.",
        figures={
            "Purchases": str(drift.purchases),
            "Pieces": str(drift.pieces),
            "To cost": plain(drift.cost),
            "Charged": plain(drift.charge),
            "Charged at least": plain(drift.surely),
            f"Listed cost {each}": plain(listed),
            f"Charged {each}, at least": plain(drift.per(unit)),
            f"Price {each}": plain(price),
            f"Minimum margin {each}": plain(rule.minimum_margin),
        },
        amount=max(drift.charge - drift.cost, ZERO) or None,
    )


def _kept(now: datetime) -> Iterator[Matter]:
    """Orders that the customer got money back for, while the vendor's last word was that it keeps ours."""
    by_hand = OrderEvent.objects.filter(
        order=OuterRef("pk"), kind__in=[states.PARTIAL, states.CANCELED], actor__isnull=False
    )
    ended = Order.objects.filter(
        ~Exists(by_hand),
        state__in=[states.PARTIAL, states.CANCELED],
        upstream_charge__gt=0,
        finished_at__gt=now - KEPT_FOR,
    )
    found = 0
    for order in ended.order_by("pk").iterator():
        due = share(order.cost, part=order.delivered, whole=order.quantity)
        charge = order.upstream_charge or ZERO
        if charge <= due or fits_cost(charge, due):
            continue
        found += 1
        if found > SHOWN:
            return
        yield Matter(
            kind=Finding.Kind.KEPT,
            key=f"order:{order.pk}:kept",
            subject=f"Order {order.pk}: the vendor keeps {show(charge)} for {order.delivered:,} of {order.quantity:,}",
            detail=f"That is worth {show(due)}. The customer has the rest back. Claim it from the vendor.",
            figures={"Cost": plain(order.cost), "Due": plain(due), "Charged": plain(charge)},
            amount=charge - due,
        )
