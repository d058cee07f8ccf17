"""What workers do for the catalogue."""

from celery import shared_task

from catalog.sync import SyncFailed, sync_catalog


@shared_task(name="catalog.tasks.sync")
def sync() -> None:
    """Copy the vendor's catalogue; a failure is on record and alerted already."""
    try:
        sync_catalog()
    except SyncFailed:
        return
