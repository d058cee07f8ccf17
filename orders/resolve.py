"""An operator decides what the shop can't know: the ways out of UNCERTAIN, and the end of a stuck order."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from catalog.below_cost import alert_key
from core.alerts import resolve as resolve_alert
from orders import states, tasks
from orders.models import Attempt, Order, OrderEvent
from orders.settle import settle
from orders.submit import DESK, accept, reject
from orders.verdict import ended
from upstream import forwarding
from upstream.forwarding import BelowCost, Contradiction


class CantResolve(Exception):
    """The order is not as this decision needs it; nothing moved."""


def found(*, order_id: int, upstream_id: int, operator: User, reason: str, now: datetime) -> Order:
    """UNCERTAIN → RUNNING: the vendor has it, under this number."""
    with transaction.atomic():
        order = _locked(order_id, states.UNCERTAIN)
        try:
            accept(order, upstream_id, now)
        except Contradiction as error:
            raise CantResolve(str(error)) from None
        note = f"the vendor has it as {upstream_id}: {reason}"
        return _decided(order, states.RUNNING, operator, note, now, outcome=Attempt.Outcome.FOUND)


def send_again(*, order_id: int, operator: User | None, reason: str, claim: str = "", now: datetime) -> Order:
    """UNCERTAIN → PLACED: it was not accepted, by an operator's word, or proved by the vendor's balance (None).

    `claim`, if given, is that of the call which the proof is about.
    """
    with transaction.atomic():
        order = _locked(order_id, states.UNCERTAIN)
        if claim and order.claim != claim:
            raise CantResolve("It was sent again in the meantime.")
        order.not_before = now
        order.flag = ""
        resolve_alert(key=f"order:{order.pk}:uncertain", now=now)
        # An operator may be wrong: only a proof takes the call out of what the balance has to explain.
        proved = "" if operator else Attempt.Outcome.DISPROVED
        note = f"not accepted, to be sent again: {reason}"
        decided = _decided(order, states.PLACED, operator, note, now, outcome=proved)
        transaction.on_commit(lambda: tasks.nudge(order_id), robust=True)
        return decided


def give_up(*, order_id: int, operator: User, reason: str, now: datetime) -> Order:
    """UNCERTAIN or PLACED → REJECTED: the customer's money is free again, whatever the vendor did."""
    with transaction.atomic():
        order = _locked(order_id, states.UNCERTAIN, states.PLACED)
        held = order.below_cost == BelowCost.HELD
        reject(order, Order.Reason.PRICE_ROSE if held else Order.Reason.NOT_ACCEPTED, now)
        return _decided(order, states.REJECTED, operator, f"given up: {reason}", now)


def let_go(*, order_id: int, operator: User, reason: str, now: datetime) -> Order:
    """Send an order that was held back, at whatever it costs by then."""
    with transaction.atomic():
        order = _locked(order_id, states.PLACED)
        if order.below_cost != BelowCost.HELD:
            raise CantResolve(f"Order {order_id} is not held back.")
        order.below_cost = BelowCost.ALLOWED
        order.not_before = now
        resolve_alert(key=alert_key(order), now=now)
        decided = _decided(order, states.PLACED, operator, f"sent although its cost rose: {reason}", now)
        transaction.on_commit(lambda: tasks.nudge(order_id), robust=True)
        return decided


def send_now(*, order_id: int, operator: User, reason: str, now: datetime) -> Order:
    """Have an order that waits for its next try go out at once."""
    with transaction.atomic():
        order = _locked(order_id, states.PLACED)
        if order.below_cost == BelowCost.HELD:
            raise CantResolve(f"Order {order_id} is held back.")
        order.not_before = now
        decided = _decided(order, states.PLACED, operator, f"to be sent at once: {reason}", now)
        transaction.on_commit(lambda: tasks.nudge(order_id), robust=True)
        return decided


def finish(*, order_id: int, delivered: int, operator: User, reason: str, now: datetime) -> Order:
    """End a RUNNING order by hand: the customer pays for `delivered` pieces and gets the rest back."""
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order_id)
        if order.state != states.RUNNING:
            raise CantResolve(f"Order {order_id} is {order.state}, not {states.RUNNING}.")
        if not 0 <= delivered <= order.quantity:
            raise CantResolve(f"Delivered must be from 0 to {order.quantity}.")
        return settle(order_id=order_id, verdict=ended(order.quantity, delivered), actor=operator, note=reason, now=now)


def _locked(order_id: int, *wanted: str) -> Order:
    order = Order.objects.select_for_update().get(pk=order_id)
    if order.state not in wanted:
        raise CantResolve(f"Order {order_id} is {order.state}, not {' or '.join(wanted)}.")
    return order


def _decided(order: Order, state: str, operator: User | None, note: str, now: datetime, *, outcome: str = "") -> Order:
    if outcome:
        forwarding.decided(DESK, order, outcome)
    order.state = state
    order.claim = ""  # an answer that still comes is reported, and changes nothing
    order.save()
    OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.RESOLVED, actor=operator, note=note, at=now)
    return order
