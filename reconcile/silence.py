"""Orders and numbers without news for too long: what should have moved on by itself and did not."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q, QuerySet

from core.models import Alert
from core.money import plain
from orders import states
from orders.models import Order
from reconcile.matters import Matter
from reconcile.models import Finding, Run
from sms import states as sms_states
from sms.models import Number, Purchase
from upstream.forwarding import BelowCost

KINDS = [Finding.Kind.SILENT, Finding.Kind.WAITING, Finding.Kind.STUCK, Finding.Kind.DOUBT]
# A sweep ends what is over within seconds; so late nobody sweeps.
SWEPT_WITHIN = timedelta(minutes=10)
DOUBTED_FOR = timedelta(days=1)
# Of each kind the oldest are named one by one; the rest are counted, so that an outage does not flood anybody.
SHOWN = 50

Row = TypeVar("Row", bound=models.Model)


def look(run: Run, now: datetime) -> Iterator[Matter]:
    """What stands still."""
    yield from _silent(now)
    yield from _waiting(now)
    yield from _stuck(now)
    yield from _doubted(now)


def _silent(now: datetime) -> Iterator[Matter]:
    orders = Order.objects.filter(
        state=states.RUNNING, changed_at__lt=now - timedelta(days=settings.RECONCILE_SILENT_DAYS)
    )
    yield from _each(
        orders,
        "order:silent",
        lambda order: Matter(
            kind=Finding.Kind.SILENT,
            key=f"order:{order.pk}:silent",
            subject=f"Order {order.pk} has had no news for more than {settings.RECONCILE_SILENT_DAYS} days",
            detail=f"The vendor's last word was {order.upstream_status!r}. Ask the vendor; if it will not end by "
            "itself, end it in the admin.",
            figures={
                "The vendor's number": str(order.upstream_id),
                "Last news": _moment(order.changed_at),
                "On hold": plain(order.charge),
            },
            amount=order.charge,
        ),
    )


def _waiting(now: datetime) -> Iterator[Matter]:
    since = now - timedelta(hours=settings.RECONCILE_WAITING_HOURS)
    # Those that are held back on purpose have an alert of their own.
    orders = Order.objects.filter(state=states.PLACED, placed_at__lt=since).exclude(below_cost=BelowCost.HELD)
    yield from _each(orders, "order:waiting", lambda order: _unsent("order", order, order.charge))
    purchases = Purchase.objects.filter(state=sms_states.PLACED, placed_at__lt=since)
    purchases = purchases.exclude(below_cost=BelowCost.HELD)
    yield from _each(purchases, "purchase:waiting", lambda one: _unsent("purchase", one, one.total))


def _stuck(now: datetime) -> Iterator[Matter]:
    late = now - SWEPT_WITHIN
    orders = Order.objects.filter(state=states.SUBMITTING, leased_until__lt=late)
    yield from _each(orders, "order:stuck", lambda order: _unswept("order", order, order.charge))
    purchases = Purchase.objects.filter(state=sms_states.SUBMITTING, leased_until__lt=late)
    yield from _each(purchases, "purchase:stuck", lambda one: _unswept("purchase", one, one.total))
    numbers = Number.objects.filter(state__in=sms_states.LIVE, expires_at__lt=late).select_related("slot__hold")
    yield from _each(
        numbers,
        "number:stuck",
        lambda number: Matter(
            kind=Finding.Kind.STUCK,
            key=f"number:{number.pk}:stuck",
            subject=f"Number {number.pk} is past its end and still {number.state}",
            detail="Its money should be back. Does a worker take the queue `codes`, and does beat run?",
            figures={"End": _moment(number.expires_at), "On hold": plain(number.slot.hold.amount)},
            amount=number.slot.hold.amount,
            severity=Alert.Severity.CRITICAL,
        ),
    )


def _doubted(now: datetime) -> Iterator[Matter]:
    long_ago = now - DOUBTED_FOR
    # One without a call of its own was in a backup that was put back.
    asked = Q(attempts__claim=F("claim"), attempts__started_at__lt=long_ago) | Q(claim="", placed_at__lt=long_ago)
    orders = Order.objects.filter(asked, state=states.UNCERTAIN).distinct()
    yield from _each(orders, "order:doubt", lambda order: _undecided("order", order, order.charge))
    purchases = Purchase.objects.filter(asked, state=sms_states.UNCERTAIN).distinct()
    yield from _each(purchases, "purchase:doubt", lambda one: _undecided("purchase", one, one.total))


def _unsent(name: str, row: Order | Purchase, held: Decimal) -> Matter:
    return Matter(
        kind=Finding.Kind.WAITING,
        key=f"{name}:{row.pk}:waiting",
        subject=f"{name.capitalize()} {row.pk} has not gone out since {_moment(row.placed_at)}",
        detail="Is our balance with the vendor used up, its service down, or no worker on the queue `submit`? Its "
        "calls to the vendor say. It goes out by itself, or can be given up in the admin.",
        figures={"Placed": _moment(row.placed_at), "On hold": plain(held)},
        amount=held,
    )


def _unswept(name: str, row: Order | Purchase, held: Decimal) -> Matter:
    ended = "" if row.leased_until is None else _moment(row.leased_until)
    return Matter(
        kind=Finding.Kind.STUCK,
        key=f"{name}:{row.pk}:stuck",
        subject=f"{name.capitalize()} {row.pk} was being sent when its worker vanished, and nobody took note",
        detail="It should be uncertain by now. Does a worker take the queue `submit`, and does beat run?",
        figures={"Lease ended": ended, "On hold": plain(held)},
        amount=held,
        severity=Alert.Severity.CRITICAL,
    )


def _undecided(name: str, row: Order | Purchase, held: Decimal) -> Matter:
    return Matter(
        kind=Finding.Kind.DOUBT,
        key=f"{name}:{row.pk}:doubt",
        subject=f"{name.capitalize()} {row.pk} has been uncertain for more than a day",
        detail=f"{row.flag}\nLook it up with the vendor, then resolve it in the admin: the customer waits.",
        figures={"Placed": _moment(row.placed_at), "On hold": plain(held)},
        amount=held,
    )


def _each(rows: "QuerySet[Row, Row]", key: str, matter: Callable[[Row], Matter]) -> Iterator[Matter]:
    """The matter of each of `rows`, oldest first; those beyond `SHOWN` together."""
    named: list[Matter] = [matter(row) for row in rows.order_by("pk")[:SHOWN]]
    yield from named
    more = rows.count() - len(named) if len(named) == SHOWN else 0
    if more > 0:
        yield Matter(
            kind=named[-1].kind,
            key=f"{key}:more",
            subject=f"And {more} more like {named[-1].subject.lower()}"[:200],
            figures={"More": str(more)},
            severity=named[-1].severity,
        )


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
