"""Credit referrers with their share of what the customers they referred have really paid.

A sweep walks once along all captured holds, in the order in which they were closed, REFERRAL_DELAY_DAYS behind now;
where it is stands in `ReferralSweep`. The share of a hold is credited under a key that names the hold, so a sweep
that runs twice pays once. What is refunded later than that stays credited. While referrals are switched off the
sweep moves on without paying: switching them on pays for nothing older than the delay.
"""

import logging
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from django.conf import settings
from django.db.models import Q, QuerySet, Sum

from accounts.models import User
from accounts.referral import is_on, may_refer
from core.money import MICRO, ZERO
from wallet import ledger
from wallet.models import Hold, ReferralSweep, Transfer

log = logging.getLogger(__name__)

BATCH = 500
_KEY = "referral:hold:"


def credit(*, now: datetime) -> int:
    """Credit what has become due; returns for how many purchases."""
    until = now - timedelta(days=settings.REFERRAL_DELAY_DAYS)
    swept, _made = ReferralSweep.objects.get_or_create(pk=1, defaults={"closed_at": until})
    if not is_on():
        _move_on(swept, until, 0)
        return 0
    credited = 0
    while holds := list(_due(swept, until)[:BATCH]):
        credited += sum(_credit(hold, now) for hold in holds)
        if len(holds) < BATCH:
            break
        closed_at = holds[-1].closed_at
        if closed_at is None or not _move_on(swept, closed_at, holds[-1].pk):
            return credited  # another sweep is ahead
    _move_on(swept, until, 0)
    return credited


def earned(person: User) -> Decimal:
    """USD that the customer was credited for referrals."""
    own = Transfer.objects.filter(customer__owner=person, kind=Transfer.Kind.BONUS, key__startswith=_KEY)
    return own.aggregate(sum=Sum("amount"))["sum"] or ZERO


def _due(swept: ReferralSweep, until: datetime) -> QuerySet[Hold]:
    beyond = Q(closed_at__gt=swept.closed_at) | Q(closed_at=swept.closed_at, pk__gt=swept.hold_number)
    # The first condition says nothing new; the index is walked by it.
    captured = Hold.objects.filter(closed_at__gte=swept.closed_at, closed_at__lt=until, state=Hold.State.CAPTURED)
    referred = captured.filter(beyond, account__owner__referred_by__isnull=False)
    return referred.select_related("account__owner__referred_by__account").order_by("closed_at", "pk")


def _move_on(swept: ReferralSweep, closed_at: datetime, number: int) -> bool:
    """Forward only, and only if no other sweep did meanwhile."""
    if (closed_at, number) <= (swept.closed_at, swept.hold_number):
        return False
    was = ReferralSweep.objects.filter(pk=swept.pk, closed_at=swept.closed_at, hold_number=swept.hold_number)
    swept.closed_at, swept.hold_number = closed_at, number
    return bool(was.update(closed_at=closed_at, hold_number=number))


def _credit(hold: Hold, now: datetime) -> int:
    customer: User = hold.account.owner  # type: ignore[assignment]  # customers' accounts have one, by a constraint
    referrer = customer.referred_by
    if referrer is None or referrer.pk == customer.pk or customer.is_staff or not may_refer(referrer):
        return 0
    paid = hold.captured - hold.refunded
    share = (paid * settings.REFERRAL_PERCENT / 100).quantize(MICRO, rounding=ROUND_FLOOR)
    if share <= ZERO:
        return 0
    try:
        ledger.bonus(
            account=ledger.account_of(referrer), amount=share, key=f"{_KEY}{hold.pk}", memo="Referral", now=now
        )
    except ledger.KeyReused:
        # Credited before at other figures, by a sweep that did not come to note how far it was.
        log.warning("hold %s was credited before", hold.pk)
        return 0
    return 1
