"""Settle what is uncertain by the vendor's balance: weigh each doubt, and act where the figures prove something.

A doubt is weighed between the last reading before the call and one that was taken long enough after it, once
everything that runs has been asked for since. Proved not charged, it goes out again by itself (unless
UPSTREAM_EVIDENCE_ACTS is off); proved charged, it waits for an operator with the figures; otherwise it stays
as it is, and is weighed again when more is known.
"""

import logging
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache
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
from upstream.movements import Readings, patience, reading

log = logging.getLogger(__name__)

# So many readings before and after the call, and between, are tried.
MOST_BEFORE = 2
MOST_AFTER = 6
MOST_BETWEEN = 20
# While this alert of `reconcile.restored` is open, the books don't know everything.
RESTORED = "database:restored"
# At most so many doubts of a kind are weighed at a time, and none for longer than this: nothing more becomes known.
BATCH = 100
TOO_OLD = timedelta(hours=1)
LOCK = "reconcile:weighing"
LOCKED_SECONDS = 300

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
    """Weigh everything that is uncertain; done by one at a time, for it takes a while when there is much of it."""
    orders, purchases = _open(now)
    calls: list[ItsAttempt] = [*orders[:BATCH], *purchases[:BATCH]]
    if not calls or not cache.add(LOCK, True, LOCKED_SECONDS):
        return Weighed(0, 0, 0)
    try:
        scales = _Scales(calls)
        found = [_weigh(call, scales, now) for call in calls]
    finally:
        cache.delete(LOCK)
    return Weighed(len(calls), found.count(Finding.NOT_CHARGED), found.count(Finding.CHARGED))


def _open(now: datetime) -> tuple[QuerySet[OrderAttempt], QuerySet[PurchaseAttempt]]:
    """The calls behind the doubts: first those not weighed yet, then any of the others, so that all have their turn."""
    lately = Q(finished_at__gt=now - TOO_OLD)
    orders = OrderAttempt.objects.filter(lately, order__state=states.UNCERTAIN, order__claim=F("claim"))
    purchases = PurchaseAttempt.objects.filter(lately, purchase__state=states.UNCERTAIN, purchase__claim=F("claim"))
    return (
        orders.exclude(order__finding=Finding.CHARGED).select_related("order").order_by("order__finding", "?"),
        purchases.exclude(purchase__finding=Finding.CHARGED)
        .select_related("purchase")
        .order_by("purchase__finding", "?"),
    )


class _Scales:
    """The readings that play a part for some calls, and all that moved since the first of them: fetched once."""

    def __init__(self, calls: list[ItsAttempt]) -> None:
        taken = BalanceReading.objects.filter(pk__lte=min(call.reading_before for call in calls))
        earliest = list(taken.order_by("-pk").values_list("pk", flat=True)[:MOST_BEFORE])
        self.readings = Readings(first=earliest[-1] if earliest else 0)
        self._moved: list[Movement] = []
        self._heard: dict[int, bool] = {}
        if self.readings.rows:
            self._moved = [*orders_evidence.movements(self.readings), *sms_evidence.movements(self.readings)]

    def heard(self, row: BalanceReading) -> bool:
        """Whether everything that ran at a reading has been asked for since."""
        if row.pk not in self._heard:
            self._heard[row.pk] = not orders_evidence.unheard(row) and not sms_evidence.unheard(row)
        return self._heard[row.pk]

    def between(self, call: ItsAttempt, first: BalanceReading, last: BalanceReading) -> Evidence:
        """What two readings say of a call."""
        if isinstance(call, OrderAttempt):
            cost = least = call.order.cost
        else:
            cost, least = sms_evidence.total(call.purchase), call.purchase.cost
        others = (one for one in self._moved if one.call != call.claim)
        return weigh(first=reading(first), last=reading(last), cost=cost, least=least, others=others)


def _weigh(attempt: ItsAttempt, scales: _Scales, now: datetime) -> str:
    doubt: Doubt = attempt.order if isinstance(attempt, OrderAttempt) else attempt.purchase
    evidence = _evidence_for(attempt, scales)
    if evidence is None:
        return ""
    news = (doubt.finding, doubt.evidence) != (evidence.finding, evidence.figures)
    if news:
        same = type(doubt)._default_manager.filter(pk=doubt.pk, state=states.UNCERTAIN, claim=attempt.claim)
        if not same.update(finding=evidence.finding, evidence=evidence.figures):
            return ""
    if evidence.finding == Finding.CHARGED and news:
        log.info("%s: the balance says that it was charged", doubt)
        _charged(doubt, evidence, now)
        return evidence.finding
    if evidence.finding == Finding.NOT_CHARGED and settings.UPSTREAM_EVIDENCE_ACTS:
        log.info("%s: the balance says that it was not charged", doubt)
        return _send_again(doubt, attempt, evidence, now)
    return ""


def _evidence_for(attempt: ItsAttempt, scales: _Scales) -> Evidence | None:
    """What the balance says of a call that was not answered; None while it is too early to say."""
    if Alert.objects.filter(key=RESTORED, resolved_at=None).exists():
        return _nothing("The database was restored from a backup: what was bought before it is not in the books.")
    rows = scales.readings.rows
    before = [row for row in rows if row.pk <= attempt.reading_before][-MOST_BEFORE:]
    if not before:
        return _nothing("Our balance was not read before it was sent.")
    if attempt.finished_at is None or attempt.reading_after is None:
        return None
    sure_from = attempt.finished_at + patience()
    after = [row for row in rows if row.pk > attempt.reading_after and row.read_at >= sure_from][:MOST_AFTER]
    found = []
    for last in after:
        if not scales.heard(last):
            break
        for first in reversed(before):
            evidence = scales.between(attempt, first, last)
            if evidence.finding == Finding.NOT_CHARGED:
                evidence = _unless_shown_between(attempt, scales, first, last, evidence)
            if evidence.finding == Finding.CHARGED:
                return evidence
            found.append(evidence)
    proved = (evidence for evidence in found if evidence.finding == Finding.NOT_CHARGED)
    return next(proved, found[-1] if found else None)


def _unless_shown_between(
    attempt: ItsAttempt, scales: _Scales, first: BalanceReading, last: BalanceReading, evidence: Evidence
) -> Evidence:
    """A charge that came back, or a top-up that made up for it, shows in a reading between."""
    for row in [row for row in scales.readings.rows if first.pk < row.pk < last.pk][:MOST_BETWEEN]:
        then = scales.between(attempt, first, row)
        if then.finding == Finding.CHARGED:
            return then
        if not then.explained_without:
            return _nothing(f"{then.figures}\nLater readings leave no room for its charge, but this one is odd.")
    return evidence


def _nothing(why: str) -> Evidence:
    return Evidence(finding=Finding.AMBIGUOUS, figures=why)


def _send_again(doubt: Doubt, attempt: ItsAttempt, evidence: Evidence, now: datetime) -> str:
    reason = f"our balance proves that it was not charged.\n{evidence.figures}"
    claim = attempt.claim
    try:
        if isinstance(doubt, Order):
            orders_resolve.send_again(order_id=doubt.pk, operator=None, reason=reason, claim=claim, now=now)
        else:
            sms_resolve.send_again(purchase_id=doubt.pk, operator=None, reason=reason, claim=claim, now=now)
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
