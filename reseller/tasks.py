"""What workers do for those who watch the shop."""

from celery import shared_task

from reseller.observe import gauges


@shared_task(name="reseller.tasks.count_ended")
def count_ended() -> None:
    """Count what is over, by state, for `/metrics`."""
    gauges.count_ended()
