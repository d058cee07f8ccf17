"""Settle what is uncertain by the vendor's balance: weigh each doubt, and act where the figures prove something.

A doubt is weighed between the last reading before the call and one that was taken long enough after it, once
everything that runs has been asked for since. Proved not charged, it goes out again by itself (unless
UPSTREAM_EVIDENCE_ACTS is off); proved charged, it waits for an operator with the figures; otherwise it stays
as it is, and is weighed again when more is known.
"""

import logging
from datetime import datetime, timedelta
from itertools import chain
from typing import NamedTuple

from django.conf import settings
from django.db.models import F, Q, QuerySet

from core.alerts import alert
from core.models import Alert
from orders import evidence as orders_evidence
from orders import resolve as orders_resolve
from orders import states
from orders.models import Attempt as OrderAttempt
from orders.models import Order
from sms import evidence as sms_evidence
from sms import resolve as sms_resolve
from sms.models import Attempt as PurchaseAttempt
from sms.models import Purchase
from upstream.evidence import Evidence, Finding, Movement, weigh
from upstream.models import BalanceReading
from upstream.movements import Window, patience

log = logging.getLogger(__name__)

# So many readings before and after the call, and between, are tried.
MOST_BEFORE = 3
MOST_AFTER = 8
MOST_BETWEEN = 12
# At most so many doubts of a kind are weighed at a time, and none for longer than this.
BATCH = 200
TOO_OLD = timedelta(days=1)

Doubt = Order | Purchase
ItsAttempt = OrderAttempt | PurchaseAttempt


class Weighed(NamedTuple):
    """How many doubts there were, and what came of them."""

    doubts: int
    sent_again: int
    charged: int


def doubts_wait(*, now: datetime) -> bool:
    """Whether anything is uncertain that the balance may still say something about."""
    return any(open_.exists() for open_ in _open(now))


def weigh_doubts(*, now: datetime) -> Weighed:
    """Weigh everything that is uncertain."""
    orders, purchases = _open(now)
    calls: list[ItsAttempt] = [*orders[:BATCH], *purchases[:BATCH]]
    found = [_weigh(call, now) for call in calls]
    return Weighed(len(calls), found.count(Finding.NOT_CHARGED), found.count(Finding.CHARGED))


def _open(now: datetime) -> tuple[QuerySet[OrderAttempt], QuerySet[PurchaseAttempt]]:
    """The calls behind the doubts, those that were not weighed yet before the others."""
    lately = Q(finished_at__gt=now - TOO_OLD)
    orders = OrderAttempt.objects.filter(lately, order__state=states.UNCERTAIN, order__claim=F("claim"))
    purchases = PurchaseAttempt.objects.filter(lately, purchase__state=states.UNCERTAIN, purchase__claim=F("claim"))
    return (
        orders.exclude(order__finding=Finding.CHARGED).select_related("order").order_by("order__finding", "-pk"),
        purchases.exclude(purchase__finding=Finding.CHARGED)
        .select_related("purchase")
        .order_by("purchase__finding", "-pk"),
    )


def _weigh(attempt: ItsAttempt, now: datetime) -> str:
    doubt: Doubt = attempt.order if isinstance(attempt, OrderAttempt) else attempt.purchase
    evidence = evidence_for(attempt)
    if evidence is None or (doubt.finding, doubt.evidence) == (evidence.finding, evidence.figures):
        return ""
    kept = type(doubt)._default_manager.filter(pk=doubt.pk, state=states.UNCERTAIN, claim=attempt.claim)
    if not kept.update(finding=evidence.finding, evidence=evidence.figures):
        return ""
    log.info("%s: the balance says %s", doubt, evidence.finding)
    if evidence.finding == Finding.CHARGED:
        _charged(doubt, evidence, now)
    elif evidence.finding == Finding.NOT_CHARGED and settings.UPSTREAM_EVIDENCE_ACTS:
        return _send_again(doubt, evidence, now)
    return evidence.finding if evidence.finding == Finding.CHARGED else ""


def evidence_for(attempt: ItsAttempt) -> Evidence | None:
    """What the balance says of a call that was not answered; None while it is too early to say."""
    taken = BalanceReading.objects.order_by("pk")
    before = list(taken.filter(pk__lte=attempt.reading_before).order_by("-pk")[:MOST_BEFORE])
    if not before:
        return Evidence(finding=Finding.AMBIGUOUS, figures="Our balance was not read before it was sent.")
    if attempt.finished_at is None or attempt.reading_after is None:
        return None
    after = taken.filter(pk__gt=attempt.reading_after)
    settled = after.filter(read_at__gte=attempt.finished_at + patience())
    evidence = None
    for last in settled[:MOST_AFTER]:
        if orders_evidence.unheard(last) or sms_evidence.unheard(last):
            break
        for first in before:
            evidence = _between(attempt, Window(first, last))
            if evidence.finding != Finding.AMBIGUOUS:
                return _unless_charged_between(attempt, first, last, evidence)
    return evidence


def _unless_charged_between(
    attempt: ItsAttempt, first: BalanceReading, last: BalanceReading, evidence: Evidence
) -> Evidence:
    """What was charged and paid back before the last reading shows in one of those between."""
    if evidence.finding == Finding.NOT_CHARGED:
        between = BalanceReading.objects.filter(pk__gt=attempt.reading_after or 0, pk__lt=last.pk)
        for reading in between.order_by("pk")[:MOST_BETWEEN]:
            then = _between(attempt, Window(first, reading))
            if then.finding == Finding.CHARGED:
                return then
    return evidence


def _between(attempt: ItsAttempt, window: Window) -> Evidence:
    first, last = window.ends
    mine: list[Movement]
    if isinstance(attempt, OrderAttempt):
        mine = orders_evidence.doubt(attempt, window)
    else:
        mine = sms_evidence.doubt(attempt, window)
    names = {movement.name for movement in mine}
    moved = chain(orders_evidence.movements(window), sms_evidence.movements(window))
    return weigh(first=first, last=last, doubt=mine, others=[one for one in moved if one.name not in names])


def _send_again(doubt: Doubt, evidence: Evidence, now: datetime) -> str:
    reason = f"our balance proves that it was not charged.\n{evidence.figures}"
    try:
        if isinstance(doubt, Order):
            orders_resolve.send_again(order_id=doubt.pk, operator=None, reason=reason, now=now)
        else:
            sms_resolve.send_again(purchase_id=doubt.pk, operator=None, reason=reason, now=now)
    except (orders_resolve.CantResolve, sms_resolve.CantResolve):
        return ""  # somebody was faster
    return evidence.finding


def _charged(doubt: Doubt, evidence: Evidence, now: datetime) -> None:
    name = type(doubt).__name__.lower()
    alert(
        key=f"{name}:{doubt.pk}:uncertain",
        subject=f"{type(doubt).__name__} {doubt.pk} was charged: find its number with the vendor",
        detail=f"{evidence.figures}\nIts money stays on hold. Enter the vendor's number in the admin.",
        severity=Alert.Severity.CRITICAL,
        now=now,
    )
