"""What workers do about reconciliation."""

from celery import shared_task
from django.utils import timezone

from core import mail
from reconcile import evidence, run
from upstream import balance

READING_TRIES = 3


@shared_task(name="reconcile.tasks.reconcile")
def reconcile() -> None:
    """Compare everything, once an hour."""
    run.reconcile(now=timezone.now())
    mail.forget(now=timezone.now())


@shared_task(name="reconcile.tasks.weigh_doubts")
def weigh_doubts() -> None:
    """While something is uncertain, read our balance often and weigh what it says."""
    if not evidence.doubts_wait(now=timezone.now()):
        return
    # Without a new reading the older ones may still say something: what runs may have been asked for since.
    any(balance.read_balance(now=timezone.now()) for _try in range(READING_TRIES))
    evidence.weigh_doubts(now=timezone.now())
