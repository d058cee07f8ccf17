"""What workers do about alerts, and that they are there at all."""

from celery import shared_task
from django.utils import timezone

from core import heartbeat, hook


@shared_task(name="core.tasks.tell_hook")
def tell_hook() -> None:
    """Post new alerts to the hook, where there is one."""
    hook.tell_due(now=timezone.now())


@shared_task(name="core.tasks.beat")
def beat(*, queue: str) -> None:
    """Note that beat, the broker and a worker of `queue` are up: this ran."""
    heartbeat.beat(queue, now=timezone.now())
