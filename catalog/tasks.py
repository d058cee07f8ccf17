"""What workers do for the catalogue."""

import logging

from celery import shared_task
from django.utils import timezone

from catalog import back_in_stock, edition
from catalog.sync import SyncFailed, sync_catalog

log = logging.getLogger(__name__)


@shared_task(name="catalog.tasks.sync")
def sync() -> None:
    """Copy the vendor's catalogue; a failure is on record and alerted already."""
    edition.sweep()
    try:
        sync_catalog()
    except SyncFailed:
        return
    tell_back_in_stock()


@shared_task(name="catalog.tasks.tell_back_in_stock")
def tell_back_in_stock() -> None:
    """Let the customers who wait for a service know that it is back; their next page says so."""
    while due := back_in_stock.mark_due(now=timezone.now()):
        for wish in due:
            log.info("service %s is back in stock: customer %s waited for it", wish.service_id, wish.customer_id)
