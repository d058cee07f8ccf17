"""What workers do for webhooks."""

from datetime import timedelta

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from api.webhooks import collect, send
from api.webhooks.models import Cursor

# Longer than a sender claims, LASTS: one that vanished is replaced after it.
LEASE = timedelta(minutes=1)
_SENDER = "SENDER"


@shared_task(name="api.webhooks.tasks.collect_events")
def collect_events() -> None:
    """Write down what customers are to be told."""
    collect.collect(now=timezone.now())


@shared_task(name="api.webhooks.tasks.send_due")
def send_due() -> None:
    """Post what is due, unless somebody does: slow receivers shall not hold all workers.

    The next sender may begin while this one waits for the last answers, which takes as long as a post may.
    """
    now = timezone.now()
    Cursor.objects.get_or_create(source=_SENDER, defaults={"marked_at": now - LEASE})
    free = Cursor.objects.filter(Q(low=0) | Q(marked_at__lte=now - LEASE), source=_SENDER)
    if not free.update(low=1, marked_at=now):
        return

    def hand_over() -> None:
        Cursor.objects.filter(source=_SENDER, marked_at=now).update(low=0)

    try:
        send.send_due(hand_over)
    finally:
        hand_over()


@shared_task(name="api.webhooks.tasks.forget_events")
def forget_events() -> None:
    """Drop old events."""
    collect.forget(now=timezone.now())
