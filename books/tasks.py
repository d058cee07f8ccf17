"""What workers do about the books."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from books import count as counting

# The next run goes on where this one stops.
PATIENCE = timedelta(seconds=30)


@shared_task(name="books.tasks.count")
def count() -> None:
    """Count what is new into its days."""
    now = timezone.now()
    counting.count(now=now, until=now + PATIENCE)
