"""What workers do about the vendor itself."""

from celery import shared_task
from django.utils import timezone

from upstream import balance


@shared_task(name="upstream.tasks.read_balance")
def read_balance() -> None:
    """Keep a reading of our balance with the vendor."""
    balance.read_balance(now=timezone.now())
