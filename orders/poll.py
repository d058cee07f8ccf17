"""Follow running orders: ask the vendor how they stand, keep what arrived, settle what ended.

Due orders are claimed in batches, asked for side by side within the shared pace, and written back. An order
is asked for often while it is young and ever more rarely as it ages.
"""

import logging
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from catalog.pricing import cost_of, fits_cost
from catalog.suspend import suspend
from core import bulk
from core.alerts import alert
from core.context import about
from core.models import Alert
from core.money import ZERO
from orders import states
from orders.keep import keep
from orders.models import Order, OrderEvent
from orders.settle import settle
from orders.verdict import Report, Verdict, is_started, judge
from upstream import following
from upstream.client import NotSent, Refused, UpstreamError, client
from upstream.models import BalanceReading
from upstream.replies import Status, tidy

log = logging.getLogger(__name__)

BATCH = 200
SHORTEST = timedelta(seconds=2)
LONGEST = timedelta(minutes=15)
# The wait grows with the age of an order: a twentieth of it.
AGE_SHARE = 20
# Answers that tell nothing, in a row, before an operator hears of it.
MUTE = 20


def poll_due(*, limit: int = BATCH) -> int:
    """Ask for the orders that are due, at most `limit`; returns how many were asked for."""
    orders = following.claim(Order.objects.filter(state=states.RUNNING), limit=limit, now=timezone.now())
    quiet: list[Order] = []
    for order, answer in following.ask(orders, _status):
        now = timezone.now()
        if isinstance(answer, Status) and _nothing_new(order, answer, now):
            order.next_poll_at = now + wait_after(_age(order, now))
            quiet.append(order)
        else:
            with about(order_id=order.pk):
                if _take(order, answer, now=now):
                    following.done([order])
    # Most answers bring nothing: one statement for all of them.
    bulk.update(quiet, ["next_poll_at", "asked_reading"])
    following.done(quiet)
    return len(orders)


def poll_one(*, order_id: int) -> Status | UpstreamError | None:
    """Ask for one running order now, whenever it is due; the vendor's answer, or None when it isn't running."""
    orders = following.asked_now(Order.objects.filter(pk=order_id, state=states.RUNNING))
    for order, answer in following.ask(orders, _status):
        with about(order_id=order.pk):
            _take(order, answer, now=timezone.now())
        return answer
    return None


def _status(order: Order) -> Status:
    if order.upstream_id is None:
        raise ValueError(f"order {order.pk} is running without an upstream id, which its table forbids")
    return client().status(order=order.upstream_id)


def _nothing_new(order: Order, status: Status, now: datetime) -> bool:
    """Whether the answer is what we knew and ends nothing, so that only the next question has to be written down."""
    known = (order.upstream_status, order.upstream_charge, order.remains, order.start_count, order.poll_failures)
    told = (tidy(status.status)[:100], status.charge, status.remains, status.start_count, 0)
    if known != told or len(status.accounts or []) not in (0, order.delivered):
        return False
    verdict = judge(_report(order, status, items=order.delivered, now=now))
    return (verdict.state, verdict.delivered, verdict.flag[:300]) == (states.RUNNING, order.delivered, order.flag)


def _report(order: Order, status: Status, *, items: int, now: datetime) -> Report:
    return Report(
        word=tidy(status.status)[:100],
        product=order.is_product,
        quantity=order.quantity,
        remains=status.remains,
        items=items,
        charge=status.charge,
        cost=order.cost,
        quiet_for=now - (order.news_at or order.accepted_at or order.placed_at),
    )


def _age(order: Order, now: datetime) -> timedelta:
    return now - (order.accepted_at or order.placed_at)


def _take(order: Order, answer: Status | UpstreamError, *, now: datetime) -> bool:
    """Write one answer down; whether it could be. A fault with one order must not keep the others from theirs."""
    try:
        if isinstance(answer, Status):
            record(order=order, status=answer, now=now)
        else:
            _unanswered(order, answer, now)
        return True
    except Exception as error:
        log.exception("order %s: its status could not be recorded", order.pk)
        alert(
            key=f"order:{order.pk}:mute",
            subject=f"Order {order.pk}: what the vendor says of it could not be recorded",
            detail=f"{type(error).__name__}; the log has more. Its money stays on hold, and we go on asking.",
            severity=Alert.Severity.CRITICAL,
            now=now,
        )
        return False


def record(*, order: Order, status: Status, now: datetime) -> Verdict | None:
    """Take in one status answer: figures, goods, and the end if it is one. None when the order ended meanwhile."""
    with transaction.atomic():
        asked_reading = order.asked_reading
        order = Order.objects.select_for_update().get(pk=order.pk)
        if order.state != states.RUNNING:
            return None
        fresh = keep(order, status.accounts or [], now=now)
        # Some show a charge of 0 until they have begun: that is no charge yet.
        first_charge = not order.upstream_charge and bool(status.charge)
        seen = (order.upstream_status, order.remains, order.start_count)
        started_before = is_started(order.upstream_status)
        order.upstream_status = tidy(status.status)[:100]
        order.upstream_charge = status.charge if status.charge is not None else order.upstream_charge
        order.start_count = _sane(status.start_count, order.start_count)
        order.remains = _sane(status.remains, order.remains)
        if fresh or seen != (order.upstream_status, order.remains, order.start_count):
            order.changed_at = now
        if fresh or seen[0] != order.upstream_status:
            order.news_at = now
        items = order.items.count() if order.is_product else 0
        verdict = judge(_report(order, status, items=items, now=now))
        if is_started(order.upstream_status) and not started_before:
            OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.STARTED, at=now)
        order.delivered = verdict.delivered
        order.flag = verdict.flag[:300]
        order.poll_failures = 0
        order.next_poll_at = now + wait_after(_age(order, now))
        if first_charge and verdict.state in (states.RUNNING, states.COMPLETED):
            order.taken = order.upstream_charge
        if verdict.state == states.RUNNING:
            order.heard(asked_reading)
        else:
            order.ended_reading = BalanceReading.last_begun()
        order.save()
        if first_charge and verdict.state in (states.RUNNING, states.COMPLETED):
            _compare_cost(order, order.upstream_charge or ZERO, now)
        if verdict.flag:
            _flag(order, verdict, now)
        if verdict.state != states.RUNNING:
            settle(order_id=order.pk, verdict=verdict, now=now)
    return verdict


def wait_after(age: timedelta) -> timedelta:
    """How long to wait before asking again for an order of this age."""
    return min(max(age / AGE_SHARE, SHORTEST), LONGEST)


def _sane(new: int | None, old: int | None) -> int | None:
    """A count as it came, unless it can't be stored."""
    return new if new is not None and abs(new) < 2**62 else old


def _compare_cost(order: Order, charge: Decimal, now: datetime) -> None:
    # It may have waited while its rate changed: then the vendor charges what its list says by now.
    if not fits_cost(charge, order.cost) and not fits_cost(charge, cost_of(order.service, order.quantity)):
        suspend(
            service_id=order.service_id,
            why=f"order {order.pk} was to cost {order.cost} USD, and the vendor charged {charge}",
            now=now,
        )


def _flag(order: Order, verdict: Verdict, now: datetime) -> None:
    alert(
        key=f"order:{order.pk}:odd",
        subject=f"Order {order.pk}: the vendor's answers are odd",
        detail=f"{order.flag}. "
        + (
            "It is followed on; if it does not end by itself, end it in the admin."
            if verdict.state == states.RUNNING
            else "It has ended all the same: compare with the vendor, and refund in the admin what was not delivered."
        ),
        now=now,
    )


def _unanswered(order: Order, error: UpstreamError, now: datetime) -> None:
    """Ask again later. A refused question (“Order not found”) never ends an order: money waits on it."""
    wait = wait_after(_age(order, now))
    if isinstance(error, NotSent):
        # We could not ask: that tells nothing about the order.
        wait = max(wait, timedelta(seconds=error.retry_after))
        Order.objects.filter(pk=order.pk, state=states.RUNNING).update(next_poll_at=now + wait)
        return
    failures = order.poll_failures + 1
    wait = min(max(wait, timedelta(seconds=5)) * 2 ** min(failures, 6), LONGEST)
    Order.objects.filter(pk=order.pk, state=states.RUNNING).update(
        next_poll_at=now + wait, poll_failures=failures, flag=f"{type(error).__name__}: {error}"[:300]
    )
    if isinstance(error, Refused) or failures >= MUTE:
        alert(
            key=f"order:{order.pk}:mute",
            subject=f"Order {order.pk}: the vendor does not say how it stands",
            detail=f"{error}\nIts money stays on hold, and we go on asking.",
            severity=Alert.Severity.CRITICAL,
            now=now,
        )
