"""What workers do for numbers. The rows are the truth; a lost task is found by the next sweep."""

import logging
import threading
import time

from celery import shared_task
from django.utils import timezone

from catalog import below_cost
from catalog.runs import SyncFailed
from core.enqueue import Away, enqueue
from sms import acquire, listen, statistics, success, sync
from sms.below_cost import GUARD
from sms.models import Purchase
from sms.purge_texts import purge_texts
from upstream import forwarding

log = logging.getLogger(__name__)

# One run listens for so many seconds; the next one is started by beat.
LISTEN_SECONDS = 4.0
NAP = 0.25
PURGE_SECONDS = 30.0
# So many of these loops a process, should runs have piled up: the other threads have other work.
_listening = threading.BoundedSemaphore(2)


def nudge(purchase_id: int) -> None:
    """Have the purchase sent at once. Without a broker the sweep will: a customer must not notice."""
    try:
        enqueue(acquire_numbers, purchase_id=purchase_id, nudged=True)
    except Away as error:
        log.warning("purchase %s not nudged, the sweep will find it: %s", purchase_id, error)


@shared_task(name="sms.tasks.acquire_numbers")
def acquire_numbers(*, purchase_id: int, nudged: bool = False) -> None:
    """Send one purchase to the vendor. One that was only nudged leaves it to the sweep while older ones wait."""
    if nudged and forwarding.waits_its_turn(Purchase, pk=purchase_id, now=timezone.now()):
        return
    acquire.acquire(purchase_id=purchase_id)


@shared_task(name="sms.tasks.sweep_placed")
def sweep_placed() -> None:
    """Hand out the purchases that are due and that nobody took: the outbox's truth."""
    now = timezone.now()
    below_cost.release(GUARD, now=now)
    for purchase_id in forwarding.sweep(Purchase, now=now):
        acquire_numbers.apply_async(kwargs={"purchase_id": purchase_id}, expires=180)


@shared_task(name="sms.tasks.expire_leases")
def expire_leases() -> None:
    """Purchases whose worker vanished while sending become UNCERTAIN."""
    forwarding.expire_leases(acquire.DESK, now=timezone.now())


@shared_task(name="sms.tasks.listen_due")
def listen_due() -> None:
    """Ask for codes for a few seconds on end, while any number waits: beat's own step would be too coarse."""
    if not _listening.acquire(blocking=False):
        return
    try:
        ends = time.monotonic() + LISTEN_SECONDS
        while time.monotonic() < ends and listen.anybody_waits():
            if not listen.listen_due():
                time.sleep(NAP)
    finally:
        _listening.release()


@shared_task(name="sms.tasks.run_out")
def run_out() -> None:
    """Give back the money of numbers whose time is over, even while a question about them hangs."""
    listen.run_out(now=timezone.now())


@shared_task(name="sms.tasks.sync")
def sync_numbers() -> None:
    """Copy the vendor's countries and projects; a failure is on record and alerted already."""
    try:
        sync.sync_sms()
    except SyncFailed:
        return


@shared_task(name="sms.tasks.statistics")
def count() -> None:
    """How often and how fast codes come, per project; and how often to each customer."""
    now = timezone.now()
    statistics.refresh(now=now)
    success.count(now=now)


@shared_task(name="sms.tasks.purge_texts")
def purge_old_texts() -> None:
    """Remove the messages that are kept no longer, for half a minute at most; the next run goes on."""
    ends = time.monotonic() + PURGE_SECONDS
    while purge_texts(now=timezone.now()) and time.monotonic() < ends:
        pass
