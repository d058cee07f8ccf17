"""What stands in the database, in the pace and in the broker at this moment, as gauges.

A scrape asks a number of queries that does not grow, none of which walks through what has ended: what is open has its
indexes, and what has ended is counted by a task now and then (`count_ended`).
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DatabaseError
from django.db.models import CharField, Count, F, Max, Min, Model, QuerySet, Sum, Value
from kombu.exceptions import KombuError
from redis import RedisError

import catalog.sync
import sms.sync
from catalog.models import SyncRun
from core import heartbeat, metrics
from core.models import Alert
from orders import states as order_states
from orders.models import Order
from reconcile.models import Finding, Run
from reseller.dashboard_health import lengths
from sms import states as sms_states
from sms.models import Number, Purchase
from upstream.models import BalanceReading
from upstream.pace import Gate, current_pace
from wallet.models import Account

# Runs of the reconciliation that are looked through for the last one whose audit could look: a day and a half.
RUNS = 36
AUDIT = "books"


class Gauge(NamedTuple):
    """One metric of this page: its values are (labels, number)."""

    name: str
    help: str
    labels: tuple[str, ...] = ()


ORDERS = Gauge("shop_orders", "Orders by state, those that are not over.", ("state",))
ORDERS_OLDEST = Gauge("shop_orders_oldest_seconds", "Age of the oldest order in each open state.", ("state",))
PURCHASES = Gauge("shop_number_purchases", "Purchases of numbers by state, those that are not over.", ("state",))
PURCHASES_OLDEST = Gauge(
    "shop_number_purchases_oldest_seconds", "Age of the oldest purchase of numbers in each open state.", ("state",)
)
NUMBERS = Gauge("shop_numbers", "Numbers by state, those that are not over.", ("state",))
UNCERTAIN = Gauge("shop_uncertain", "Orders and purchases of numbers that the vendor may or may not have.")
ALERTS = Gauge("shop_alerts_open", "Open alerts by severity.", ("severity",))
FINDINGS = Gauge("shop_findings_open", "Open findings of the reconciliation by kind.", ("kind",))
BREAKER = Gauge("shop_breaker_open", "1 while a gate of the breaker lets no calls through, or one to try.", ("gate",))
RESTS = Gauge("shop_breaker_rest_seconds", "How long a gate of the breaker still rests.", ("gate",))
STREAK = Gauge("shop_breaker_failures", "Failures in a row before a gate of the breaker.", ("gate",))
CALLS = Gauge("shop_pace_calls", "Calls to the vendor under way in all processes.")
MOST_CALLS = Gauge("shop_pace_calls_limit", "Calls to the vendor that may be under way at once.")
PER_SECOND = Gauge("shop_pace_per_second_limit", "Calls to the vendor that may begin in a second.")
SYNC_AGE = Gauge("shop_sync_age_seconds", "Time since the last copy of the vendor's lists that went well.", ("kind",))
QUEUE = Gauge("shop_queue_tasks", "Tasks that wait in each queue, where the broker is Redis.", ("queue",))
WORKER_AGE = Gauge("shop_worker_age_seconds", "Time since a worker of each queue was last seen.", ("queue",))
AUDIT_OK = Gauge("shop_audit_ok", "1 when the last audit of the books could look and nothing of it is open.")
AUDIT_AGE = Gauge("shop_audit_age_seconds", "Time since the books were last audited.")
BALANCES = Gauge("shop_customers_balance_usd", "What all customers have, with what is on hold.")
HELD = Gauge("shop_customers_held_usd", "What is on hold of it.")
VENDOR_BALANCE = Gauge("shop_vendor_balance_usd", "Our balance with the vendor.")
VENDOR_LOW = Gauge("shop_vendor_balance_low_usd", "The balance with the vendor below which operators are warned.")
VENDOR_AGE = Gauge("shop_vendor_balance_age_seconds", "Time since the balance with the vendor was last read.")

ENDED = metrics.Stamp(
    "shop_ended",
    "Orders, purchases of numbers and numbers that are over, by state; counted every ten minutes.",
    ("what", "state"),
)

Measured = tuple[Gauge, tuple[str, ...], float]
_PURCHASE_OPEN = (sms_states.PLACED, sms_states.SUBMITTING, sms_states.RUNNING, sms_states.UNCERTAIN)


def parts(now: datetime) -> dict[str, Callable[[], Iterable[Measured]]]:
    """What is looked at, by name: each on its own, so that one which is away takes no other with it."""
    return {
        "states": lambda: _states(now),
        "pace": _pace,
        "syncs": lambda: _syncs(now),
        "workers": lambda: _workers(now),
        "queues": _queues,
        "audit": lambda: _audit(now),
        "money": lambda: _money(now),
    }


# What a part may raise when what it looks at is away.
AWAY = (DatabaseError, RedisError, KombuError, OSError)


def every() -> list[Gauge]:
    """Every gauge that there is."""
    return [value for value in globals().values() if isinstance(value, Gauge)]


def count_ended() -> None:
    """Note how many are over, by state. Walks along whole indexes: for a task now and then, never for a scrape."""
    for what, model, open_states in (
        ("order", Order, order_states.OPEN),
        ("purchase", Purchase, _PURCHASE_OPEN),
        ("number", Number, sms_states.LIVE),
    ):
        ended = [state for state, _name in model._meta.get_field("state").choices or () if state not in open_states]
        rows = model._default_manager.filter(state__in=ended).order_by().values_list("state")
        counts = dict(rows.annotate(count=Count("pk")))
        for state in ended:
            ENDED.note(counts.get(state, 0), what, str(state))


def _seconds(since: datetime, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0)


def _grouped(what: str, rows: QuerySet[Any], by: str) -> QuerySet[Any, tuple[str, str, int, int]]:
    """Rows of (what, word, how many, the lowest id), to be put together with others of the kind."""
    said = Value(what, output_field=CharField())
    return rows.order_by().values(what=said, word=F(by)).annotate(count=Count("pk"), first=Min("pk")).values_list(
        "what", "word", "count", "first"
    )  # fmt: skip


def _states(now: datetime) -> Iterator[Measured]:
    counted = _grouped("order", Order.objects.filter(state__in=order_states.OPEN), "state").union(
        _grouped("purchase", Purchase.objects.filter(state__in=_PURCHASE_OPEN), "state"),
        _grouped("number", Number.objects.filter(state__in=sms_states.LIVE), "state"),
        _grouped("alert", Alert.objects.filter(resolved_at=None), "severity"),
        _grouped("finding", Finding.objects.filter(closed_at=None), "kind"),
        all=True,
    )
    known: dict[str, dict[str, tuple[int, int]]] = {}
    for what, word, count, first in counted:
        known.setdefault(what, {})[word] = (count, first)
    for what, gauge, words in (
        ("order", ORDERS, order_states.OPEN),
        ("purchase", PURCHASES, _PURCHASE_OPEN),
        ("number", NUMBERS, sms_states.LIVE),
        ("alert", ALERTS, Alert.Severity.values),
        ("finding", FINDINGS, Finding.Kind.values),
    ):
        for word in words:
            yield gauge, (word,), known.get(what, {}).get(word, (0, 0))[0]
    doubts = (known.get("order", {}), order_states.UNCERTAIN), (known.get("purchase", {}), sms_states.UNCERTAIN)
    yield UNCERTAIN, (), sum(words.get(state, (0, 0))[0] for words, state in doubts)
    yield from _oldest(known, now)


def _oldest(known: dict[str, dict[str, tuple[int, int]]], now: datetime) -> Iterator[Measured]:
    """Ages of the lowest ids, which are handed out in the order of time: the states' index has them."""

    def of(what: str, model: type[Model]) -> QuerySet[Any, tuple[str, str, datetime]]:
        said = Value(what, output_field=CharField())
        rows = model._default_manager.filter(pk__in=[first for _count, first in known.get(what, {}).values()])
        return rows.order_by().annotate(what=said).values_list("what", "state", "placed_at")

    ages = {(what, state): _seconds(at, now) for what, state, at in of("order", Order).union(of("purchase", Purchase))}
    for what, gauge, states in (
        ("order", ORDERS_OLDEST, order_states.OPEN),
        ("purchase", PURCHASES_OLDEST, _PURCHASE_OPEN),
    ):
        for state in states:
            yield gauge, (state,), ages.get((what, state), 0.0)


def _pace() -> Iterator[Measured]:
    yield MOST_CALLS, (), settings.UPSTREAM_MAX_CONCURRENCY
    yield PER_SECOND, (), settings.UPSTREAM_MAX_PER_SECOND
    weather = current_pace().weather()
    yield CALLS, (), weather.calls
    for name in ("all", "buy"):
        gate: Gate = getattr(weather, name)
        yield BREAKER, (name,), gate.state != "closed"
        yield RESTS, (name,), gate.rests
        yield STREAK, (name,), gate.failures


def _syncs(now: datetime) -> Iterator[Measured]:
    newest = SyncRun.objects.filter(ok=True, finished_at__isnull=False).order_by().values_list("kind")
    for kind, at in newest.annotate(at=Max("finished_at")):
        if kind in (catalog.sync.KIND, sms.sync.KIND):
            yield SYNC_AGE, (kind,), _seconds(at, now)


def _workers(now: datetime) -> Iterator[Measured]:
    for queue, at in heartbeat.all_seen().items():
        if at is not None:
            yield WORKER_AGE, (queue,), _seconds(at, now)


def _queues() -> Iterator[Measured]:
    for queue, count in lengths().items():
        yield QUEUE, (queue,), count


def _audit(now: datetime) -> Iterator[Measured]:
    runs = list(Run.objects.filter(finished_at__isnull=False).order_by("-pk")[:RUNS])
    looked = next((run for run in runs if AUDIT not in [*run.broken, *run.skipped]), None)
    if looked is None or looked.finished_at is None:
        return
    wrong = Finding.objects.filter(closed_at=None, kind__in=[Finding.Kind.BOOKS, Finding.Kind.HOLD]).exists()
    yield AUDIT_OK, (), looked is runs[0] and not wrong
    yield AUDIT_AGE, (), _seconds(looked.finished_at, now)


def _money(now: datetime) -> Iterator[Measured]:
    sums = Account.objects.filter(kind=Account.Kind.CUSTOMER).aggregate(balance=Sum("balance"), held=Sum("held"))
    yield BALANCES, (), float(sums["balance"] or 0)
    yield HELD, (), float(sums["held"] or 0)
    yield VENDOR_LOW, (), float(settings.UPSTREAM_LOW_BALANCE)
    reading = BalanceReading.objects.order_by("-pk").first()
    if reading is not None and reading.balance is not None:
        yield VENDOR_BALANCE, (), float(reading.balance)
        yield VENDOR_AGE, (), _seconds(reading.read_at, now)
