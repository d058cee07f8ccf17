"""Read the operator's prepaid balance with the vendor, keep the reading, and warn before it runs out."""

from datetime import datetime
from decimal import ROUND_FLOOR

from django.conf import settings

from core.alerts import alert, resolve
from core.models import Alert
from core.money import CURRENCY, MICRO, show
from upstream.client import UpstreamError, client
from upstream.models import BalanceReading


def read_balance(*, now: datetime) -> BalanceReading | None:
    """Store what the vendor says, in USD; None when it did not answer. Low is what UPSTREAM_LOW_BALANCE says."""
    try:
        told = client().balance()
    except UpstreamError:
        return None
    if told.currency.strip().upper() != CURRENCY:
        alert(
            key="upstream:currency",
            subject=f"The vendor counts our balance in {told.currency!r}, not in {CURRENCY}",
            detail="Its prices would be read as dollars. Set the account with the vendor to USD.",
            severity=Alert.Severity.CRITICAL,
            now=now,
        )
        return None
    balance = told.balance.quantize(MICRO, rounding=ROUND_FLOOR)
    reading = BalanceReading.objects.create(balance=balance, read_at=now)
    if balance < settings.UPSTREAM_LOW_BALANCE:
        alert(
            key="upstream:low",
            subject=f"Our balance with the vendor is low: {show(balance)}",
            detail="When it runs out, orders wait until it is topped up.",
            now=now,
        )
    else:
        resolve(key="upstream:low", now=now)
    return reading
