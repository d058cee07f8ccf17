"""What workers do for notices. The rows are the truth; a lost run is made good by the next."""

from celery import shared_task
from django.utils import timezone

from notices import send


@shared_task(name="notices.tasks.send_due")
def send_due() -> None:
    """Send what is due, and close what a vanished worker had in hand."""
    now = timezone.now()
    send.give_up_lost(now=now)
    send.send_due(now=now)


@shared_task(name="notices.tasks.forget")
def forget() -> None:
    """Drop notices that were sent long ago."""
    send.forget(now=timezone.now())
