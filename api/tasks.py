"""What workers do for the API."""

from celery import shared_task
from django.utils import timezone

from api import calls


@shared_task(name="api.tasks.purge_calls")
def purge_calls() -> None:
    """Keep the log of calls short."""
    calls.purge(now=timezone.now())
