"""Ask providers after payments whose notice was missed, with growing pauses; and end what was not paid in time."""

import logging
from datetime import datetime, timedelta

from django.db.models import Q

from core.alerts import alert
from funds import providers
from funds.hear import hear
from funds.models import TopUp
from funds.words import Away

log = logging.getLogger(__name__)

BATCH = 20
# Not sooner and not later than these, and otherwise after a quarter of its age.
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=6)
# Long after its end a payment may still arrive: a transaction in a full mempool, a bank's debit.
FOLLOWED = timedelta(days=14)


def check_due(*, now: datetime) -> int:
    """Ask after those that are due, one after the other; how many that were. Calls outside any transaction."""
    due = TopUp.objects.filter(next_check_at__lte=now).select_related("customer", "method").order_by("next_check_at")
    asked = 0
    for top_up in due[:BATCH]:
        then = _next(top_up, now)
        # Whoever moves it ahead asks: a second worker finds it moved.
        if TopUp.objects.filter(pk=top_up.pk, next_check_at=top_up.next_check_at).update(next_check_at=then):
            asked += 1
            check(top_up, now=now)
            if then is None and top_up.state == TopUp.State.PROCESSING:
                _given_up(top_up, now)
    return asked


def check(top_up: TopUp, *, now: datetime) -> bool:
    """Ask the provider after one payment and act on its word; False when it did not answer."""
    provider = providers.get(top_up.variant)
    if provider is None or not top_up.transaction_id:
        return False
    try:
        hear(provider.ask(top_up), now=now)
    except Away as error:
        log.warning("%s: no answer about it: %s", top_up, error.detail)
        return False
    return True


def expire(*, now: datetime) -> int:
    """End what was not paid in time; a payment that comes later counts all the same. How many ended.

    A minute of grace leaves the provider the first word.
    """
    late = Q(state=TopUp.State.OPEN, expires_at__lte=now - timedelta(minutes=1))
    return TopUp.objects.filter(late).update(state=TopUp.State.EXPIRED, changed_at=now)


def _next(top_up: TopUp, now: datetime) -> datetime | None:
    age = now - top_up.created_at
    if age > FOLLOWED or top_up.state == TopUp.State.PAID:
        return None
    return now + min(max(age / 4, SHORTEST), LONGEST)


def _given_up(top_up: TopUp, now: datetime) -> None:
    alert(
        key=f"topup:{top_up.pk}",
        subject=f"{top_up} of {top_up.customer} is being confirmed for {FOLLOWED.days} days",
        detail="Its provider is not asked any more by itself. Look at it there, then credit or refuse it.",
        now=now,
    )
