"""An operator decides what the shop can't know: the ways out of UNCERTAIN for a purchase of numbers."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import User
from catalog.below_cost import alert_key
from core.alerts import resolve as resolve_alert
from sms import states, tasks
from sms.acquire import DESK, accept, reject
from sms.models import Attempt, Purchase, PurchaseEvent
from upstream import forwarding
from upstream.forwarding import BelowCost, Contradiction
from upstream.replies import SmsOrder


class CantResolve(Exception):
    """The purchase is not as this decision needs it; nothing moved."""


def found(
    *, purchase_id: int, numbers: Sequence[tuple[int, str]], operator: User, reason: str, now: datetime
) -> Purchase:
    """UNCERTAIN → RUNNING: the vendor has it, as these (order number, phone) pairs."""
    with transaction.atomic():
        purchase = _locked(purchase_id, states.UNCERTAIN)
        if not 1 <= len(numbers) <= purchase.quantity:
            raise CantResolve(f"Enter from 1 to {purchase.quantity} numbers.")
        try:
            accept(purchase, [SmsOrder(order=order, phone=phone) for order, phone in numbers], now)
        except Contradiction as error:
            raise CantResolve(str(error)) from None
        note = f"the vendor has it: {reason}"
        return _decided(purchase, states.RUNNING, operator, note, now, outcome=Attempt.Outcome.FOUND)


def send_again(*, purchase_id: int, operator: User | None, reason: str, claim: str = "", now: datetime) -> Purchase:
    """UNCERTAIN → PLACED: it was not accepted, by an operator's word, or proved by the vendor's balance (None).

    `claim`, if given, is that of the call which the proof is about.
    """
    with transaction.atomic():
        purchase = _locked(purchase_id, states.UNCERTAIN)
        if claim and purchase.claim != claim:
            raise CantResolve("It was sent again in the meantime.")
        purchase.not_before = now
        purchase.flag = ""
        resolve_alert(key=f"purchase:{purchase.pk}:uncertain", now=now)
        # An operator may be wrong: only a proof takes the call out of what the balance has to explain.
        proved = "" if operator else Attempt.Outcome.DISPROVED
        note = f"not accepted, to be sent again: {reason}"
        decided = _decided(purchase, states.PLACED, operator, note, now, outcome=proved)
        transaction.on_commit(lambda: tasks.nudge(purchase_id), robust=True)
        return decided


def give_up(*, purchase_id: int, operator: User, reason: str, now: datetime) -> Purchase:
    """UNCERTAIN or PLACED → REJECTED: the customer's money is free again, whatever the vendor did."""
    with transaction.atomic():
        purchase = _locked(purchase_id, states.UNCERTAIN, states.PLACED)
        held = purchase.below_cost == BelowCost.HELD
        reject(purchase, Purchase.Reason.PRICE_ROSE if held else Purchase.Reason.NOT_ACCEPTED, now)
        return _decided(purchase, states.REJECTED, operator, f"given up: {reason}", now)


def let_go(*, purchase_id: int, operator: User, reason: str, now: datetime) -> Purchase:
    """Send a purchase that was held back, at whatever it costs by then."""
    with transaction.atomic():
        purchase = _locked(purchase_id, states.PLACED)
        if purchase.below_cost != BelowCost.HELD:
            raise CantResolve(f"Purchase {purchase_id} is not held back.")
        purchase.below_cost = BelowCost.ALLOWED
        purchase.not_before = now
        resolve_alert(key=alert_key(purchase), now=now)
        decided = _decided(purchase, states.PLACED, operator, f"sent although its cost rose: {reason}", now)
        transaction.on_commit(lambda: tasks.nudge(purchase_id), robust=True)
        return decided


def send_now(*, purchase_id: int, operator: User, reason: str, now: datetime) -> Purchase:
    """Have a purchase that waits for its next try go out at once."""
    with transaction.atomic():
        purchase = _locked(purchase_id, states.PLACED)
        if purchase.below_cost == BelowCost.HELD:
            raise CantResolve(f"Purchase {purchase_id} is held back.")
        purchase.not_before = now
        decided = _decided(purchase, states.PLACED, operator, f"to be sent at once: {reason}", now)
        transaction.on_commit(lambda: tasks.nudge(purchase_id), robust=True)
        return decided


def _locked(purchase_id: int, *wanted: str) -> Purchase:
    purchase = Purchase.objects.select_for_update().get(pk=purchase_id)
    if purchase.state not in wanted:
        raise CantResolve(f"Purchase {purchase_id} is {purchase.state}, not {' or '.join(wanted)}.")
    return purchase


def _decided(
    purchase: Purchase, state: str, operator: User | None, note: str, now: datetime, *, outcome: str = ""
) -> Purchase:
    if outcome:
        forwarding.decided(DESK, purchase, outcome)
    purchase.state = state
    purchase.claim = ""  # an answer that still comes is reported, and changes nothing
    purchase.save()
    PurchaseEvent.objects.create(purchase=purchase, actor=operator, note=note, at=now)
    return purchase
