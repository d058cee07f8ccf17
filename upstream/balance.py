"""Read the operator's prepaid balance with the vendor, keep the reading, and warn before it runs out."""

from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from django.conf import settings
from django.db.models import Exists
from django.db.models.functions import Now

from core.alerts import alert, resolve
from core.models import Alert
from core.money import CURRENCY, MICRO, show
from upstream import rewind
from upstream.client import UpstreamError, client
from upstream.models import BalanceReading

# Readings are the evidence for what happened lately; older ones are only a curve.
KEPT = timedelta(days=90)
# A reading whose process died while it asked.
ABANDONED = timedelta(hours=1)


def read_balance(*, now: datetime) -> BalanceReading | None:
    """Store what the vendor says, in USD; None when it did not answer. Low is what UPSTREAM_LOW_BALANCE says.

    A reading that a later one has overtaken while it was asked for is dropped: its number would no longer tell
    what came before it.
    """
    # Before the readings of an older database count on and cover up that it is older.
    rewind.went_back(now=now)
    mine = BalanceReading.begun.create(read_at=Now())
    balance = _ask(now)
    later = BalanceReading.begun.filter(pk__gt=mine.pk)
    kept = 0
    if balance is not None:
        kept = BalanceReading.begun.filter(~Exists(later), pk=mine.pk).update(balance=balance)
    if not kept or balance is None:
        BalanceReading.begun.filter(pk=mine.pk).delete()
        return None
    # Only now: one that is dropped again would look like a database that went back.
    rewind.remember(mine.pk)
    mine.refresh_from_db()
    if balance < settings.UPSTREAM_LOW_BALANCE:
        alert(
            key="upstream:low",
            subject=f"Our balance with the vendor is low: {show(balance)}",
            detail="When it runs out, orders wait until it is topped up.",
            now=now,
        )
    else:
        resolve(key="upstream:low", now=now)
    return mine


def forget(*, now: datetime) -> None:
    """Drop readings that nobody needs any more."""
    BalanceReading.begun.filter(read_at__lt=now - KEPT).delete()
    BalanceReading.begun.filter(read_at__lt=now - ABANDONED, balance=None).delete()


def _ask(now: datetime) -> Decimal | None:
    try:
        told = client().balance()
    except UpstreamError:
        return None
    if told.currency.strip().upper() == CURRENCY:
        return told.balance.quantize(MICRO, rounding=ROUND_FLOOR)
    alert(
        key="upstream:currency",
        subject=f"The vendor counts our balance in {told.currency!r}, not in {CURRENCY}",
        detail="Its prices would be read as dollars. Set the account with the vendor to USD.",
        severity=Alert.Severity.CRITICAL,
        now=now,
    )
    return None
