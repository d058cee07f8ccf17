"""How old our copy of the vendor's catalogue is."""

from datetime import datetime

from catalog.models import SyncRun
from catalog.sync import KIND


def copied_at() -> datetime | None:
    """When the catalogue, stock included, was last copied whole; None when it never was."""
    good = SyncRun.objects.filter(kind=KIND, ok=True, finished_at__isnull=False)
    return good.order_by("-finished_at").values_list("finished_at", flat=True).first()
