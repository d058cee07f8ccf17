"""How old our copy of the vendor's catalogue is."""

from datetime import datetime

from django.db.models import QuerySet

from catalog.models import SyncRun
from catalog.sync import KIND


def whole_copies() -> "QuerySet[SyncRun, datetime | None]":
    """The moments at which it was copied whole, the newest first."""
    good = SyncRun.objects.filter(kind=KIND, ok=True, finished_at__isnull=False)
    return good.order_by("-finished_at").values_list("finished_at", flat=True)
