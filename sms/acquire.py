"""Send a purchase of numbers to the vendor, at most once; what each outcome means to it."""

import logging
import re
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from catalog import below_cost
from core.alerts import alert, resolve
from core.models import Alert
from sms.below_cost import GUARD
from sms.models import Attempt, Number, Purchase, PurchaseEvent
from sms.phones import e164
from upstream import forwarding
from upstream.client import Refused, client
from upstream.replies import SmsOrder, tidy
from wallet import ledger

log = logging.getLogger(__name__)

_REASONS = [
    (re.compile(r"phone|reuse", re.I), "PHONE_GONE"),
    (re.compile(r"no (free )?numbers?|out of stock|not enough|stock", re.I), "NO_NUMBERS"),
    (re.compile(r"project|service|country", re.I), "PROJECT_GONE"),
]


def acquire(*, purchase_id: int) -> str | None:
    """Send the purchase if it is due; returns its new state, None when another worker has it or it isn't due."""
    held = below_cost.stopped(GUARD, pk=purchase_id, refuse=_refuse_loss, now=timezone.now())
    state = held or forwarding.forward(DESK, pk=purchase_id)
    if state:
        log.info("purchase %s: %s", purchase_id, state)
    return state


def _refuse_loss(purchase: Purchase, now: datetime) -> None:
    reject(purchase, Purchase.Reason.PRICE_ROSE, now)


class _NumbersDesk:
    """How purchases of numbers are forwarded."""

    model = Purchase
    attempts = Attempt
    subject = "purchase"

    def request(self, purchase: Purchase) -> dict[str, Any]:
        request: dict[str, Any] = {
            "project_id": purchase.project.upstream_id,
            "quantity": purchase.quantity,
            "country": purchase.project.country.code,
        }
        return {**request, "phone": purchase.phone} if purchase.phone else request

    def send(self, purchase: Purchase, request: dict[str, Any]) -> list[SmsOrder]:
        bought = client().add_sms(**request)
        if not bought:
            raise Refused("no numbers")
        return bought

    def on_accepted(self, purchase: Purchase, bought: list[SmsOrder], now: datetime) -> str:
        accept(purchase, bought, now)
        return f"{len(bought)} of {purchase.quantity} numbers: {', '.join(str(one.order) for one in bought)}"

    def on_refused(self, purchase: Purchase, words: str, now: datetime) -> None:
        reason = next((reason for pattern, reason in _REASONS if pattern.search(words)), Purchase.Reason.NOT_ACCEPTED)
        reject(purchase, reason, now)

    def on_uncertain(self, purchase: Purchase, why: str, now: datetime) -> None:
        purchase.flag = why[:300]
        PurchaseEvent.objects.create(purchase=purchase, note=f"uncertain: {why}", at=now)
        alert(
            key=f"purchase:{purchase.pk}:uncertain",
            subject=f"Purchase {purchase.pk} of numbers: nobody knows whether the vendor has it",
            detail=f"{why}\nIts money stays on hold. Look it up with the vendor, then resolve it in the admin.",
            severity=Alert.Severity.CRITICAL,
            now=now,
        )

    def on_again(self, purchase: Purchase, now: datetime) -> None:
        purchase.flag = ""
        resolve(key=f"purchase:{purchase.pk}:uncertain", now=now)

    def on_out_of_funds(self, purchase: Purchase, now: datetime) -> None:
        alert(
            key="upstream:funds",
            subject="Our balance with the vendor ran out",
            detail=f"Purchase {purchase.pk} waits, and others with it. Top up there: they go out by themselves.",
            severity=Alert.Severity.CRITICAL,
            now=now,
        )


DESK = _NumbersDesk()


def accept(purchase: Purchase, bought: list[SmsOrder], now: datetime) -> None:
    """The vendor gave these numbers: listen to them, and give back the money of those that did not come.

    Sets fields of a locked purchase. Raises `forwarding.Contradiction`.
    """
    ids = [one.order for one in bought]
    if len(set(ids)) != len(ids) or Number.objects.filter(upstream_id__in=ids).exists():
        raise forwarding.Contradiction(f"the vendor's numbers {ids} are ours already, or named twice")
    region = purchase.project.country.region
    slots = list(purchase.slots.select_related("hold"))
    expires = now + timedelta(seconds=settings.SMS_WAIT_SECONDS)
    for slot, one in zip(slots, bought, strict=False):
        phone = tidy(one.phone)[:60]
        Number.objects.create(
            purchase=purchase,
            slot=slot,
            upstream_id=one.order,
            phone=phone,
            e164=e164(phone, region),
            received_at=now,
            expires_at=expires,
            changed_at=now,
            next_poll_at=now + timedelta(seconds=1),
        )
    for slot in slots[len(bought) :]:
        ledger.release(hold=slot.hold, now=now)
    if len(bought) > len(slots):
        _surplus(purchase, bought[len(slots) :], now)
    purchase.accepted_at = now
    purchase.flag = ""
    resolve(key=f"purchase:{purchase.pk}:uncertain", now=now)
    resolve(key="upstream:funds", now=now)


def _surplus(purchase: Purchase, extra: list[SmsOrder], now: datetime) -> None:
    purchase.surplus = len(extra)
    alert(
        key=f"purchase:{purchase.pk}:surplus",
        subject=f"Purchase {purchase.pk}: the vendor gave more numbers than were asked for",
        detail=f"Not passed on: {', '.join(str(one.order) for one in extra)}",
        now=now,
    )


def reject(purchase: Purchase, reason: str, now: datetime) -> None:
    """No number came and none will: all the money is free again. Sets fields of a locked purchase."""
    for slot in purchase.slots.select_related("hold"):
        ledger.release(hold=slot.hold, now=now)
    purchase.reason = reason
    purchase.finished_at = now
    resolve(key=f"purchase:{purchase.pk}:uncertain", now=now)
    resolve(key=below_cost.alert_key(purchase), now=now)
