"""What workers do about alerts."""

from celery import shared_task
from django.utils import timezone

from core import hook


@shared_task(name="core.tasks.tell_hook")
def tell_hook() -> None:
    """Post new alerts to the hook, where there is one."""
    hook.tell_due(now=timezone.now())
