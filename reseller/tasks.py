"""The shop's own tasks: a worker that is alive says so."""

from celery import shared_task
from django.utils import timezone

from reseller.models import Heartbeat


@shared_task
def heartbeat() -> None:
    """Note that beat, broker and worker are up: this ran."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=Heartbeat.WORKER, beaten_at=timezone.now())],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["beaten_at"],
    )
