"""How long what was delivered is kept: GOODS_KEPT_DAYS after the end of its purchase, or for ever where that is 0."""

from datetime import datetime, timedelta

from django.conf import settings


def kept_until(finished_at: datetime | None) -> datetime | None:
    """When the goods of a purchase that ended at `finished_at` are removed; None while that is not known, or never."""
    if finished_at is None or not settings.GOODS_KEPT_DAYS:
        return None
    return finished_at + timedelta(days=settings.GOODS_KEPT_DAYS)


def ended_before(now: datetime) -> datetime | None:
    """What ended before this moment is kept no longer; None where everything is kept for ever."""
    return now - timedelta(days=settings.GOODS_KEPT_DAYS) if settings.GOODS_KEPT_DAYS else None
