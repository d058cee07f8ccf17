"""Days of the shop: they begin and end by its own clock (`TIME_ZONE`), whoever reads them and wherever they are."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.utils import timezone


def day_of(moment: datetime) -> date:
    """The shop's day that the moment is in."""
    return timezone.localdate(moment, timezone.get_default_timezone())


def begins(day: date) -> datetime:
    """The moment a day begins: it ends where the next one begins, 23 to 25 hours later."""
    return datetime.combine(day, time(), timezone.get_default_timezone())


def each(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last, both included."""
    while first <= last:
        yield first
        first += timedelta(days=1)


def zone_name() -> str:
    """The shop's time zone, as settings name it."""
    return timezone.get_default_timezone_name()
