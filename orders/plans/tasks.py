"""What a worker does for plans."""

from celery import shared_task
from django.utils import timezone

from orders.plans import run


@shared_task(name="orders.plans.tasks.run_due")
def run_due() -> None:
    """Place the runs of plans that are due, batch after batch while they are full."""
    while run.run_due(now=timezone.now()) == run.BATCH:
        pass
