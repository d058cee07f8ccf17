"""What workers do about payments."""

from celery import shared_task
from django.utils import timezone

from funds import check


@shared_task(name="funds.tasks.check_due")
def check_due() -> None:
    """Ask after payments whose notice may have been missed, then end what was not paid in time."""
    check.check_due(now=timezone.now())
    check.expire(now=timezone.now())
