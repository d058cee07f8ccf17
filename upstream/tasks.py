"""What workers do about the vendor itself."""

from celery import shared_task
from django.utils import timezone

from upstream import balance, claims, probe


@shared_task(name="upstream.tasks.read_balance")
def read_balance() -> None:
    """Keep a reading of our balance with the vendor."""
    now = timezone.now()
    balance.read_balance(now=now)
    balance.forget(now=now)
    claims.forget(now=now)


@shared_task(name="upstream.tasks.try_again")
def try_again() -> None:
    """Have one call try a vendor that was left alone, when it is time, and raise or close the alerts about it."""
    probe.probe(now=timezone.now())
