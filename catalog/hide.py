"""Take services out of customers' sight, or let them see them. Syncs leave it as it is."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from catalog import changes
from catalog.models import Service, ShelfChange

_BATCH = 500


def show(*, service_ids: Collection[int], now: datetime) -> int:
    """Show services that were hidden or held for review; returns how many. What was held is news then."""
    return _hide(service_ids, False, now)


def hide(*, service_ids: Collection[int], now: datetime) -> int:
    """Hide services; one that was held has been looked at. Returns how many changed."""
    return _hide(service_ids, True, now)


def _hide(service_ids: Collection[int], hidden: bool, now: datetime) -> int:
    ids, count = sorted(service_ids), 0
    with transaction.atomic():
        for start in range(0, len(ids), _BATCH):
            chosen = Service.objects.select_for_update().filter(pk__in=ids[start : start + _BATCH]).order_by("pk")
            differing = [each for each in chosen if each.hidden != hidden or each.held]
            count += len(differing)
            Service.objects.filter(pk__in=[each.pk for each in differing]).update(
                hidden=hidden, held=False, changed_at=now
            )
            if not hidden:
                new = [each for each in differing if each.held and each.state == Service.State.ON_SALE]
                changes.note(services=new, kind=ShelfChange.Kind.NEW, now=now)
    return count
