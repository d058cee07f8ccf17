"""What changed on the shelf, for customers: written where a price is set or a service comes and goes, read by all.

Only our own prices stand here, never what anything costs us.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet

from catalog.models import Service, ShelfChange
from catalog.search import sight

KEPT = timedelta(days=180)


def note(*, services: Iterable[Service], kind: str, now: datetime) -> None:
    """Each of `services` came or went."""
    ShelfChange.objects.bulk_create(
        [
            ShelfChange(
                service_id=service.pk, category_id=service.category_id, kind=kind, new_price=service.price, at=now
            )
            for service in services
        ],
        batch_size=2000,
    )


# A service, its old price and its new one.
Moved = tuple[Service, Decimal, Decimal]


def note_prices(*, moved: Sequence[Moved], now: datetime) -> None:
    """Prices of services on sale became others: (service, old, new) in USD for one rate unit."""
    ShelfChange.objects.bulk_create(
        [
            ShelfChange(
                service_id=service.pk,
                category_id=service.category_id,
                kind=ShelfChange.Kind.PRICE,
                old_price=old,
                new_price=new,
                at=now,
            )
            for service, old, new in moved
            if old != new and service.state == Service.State.ON_SALE
        ],
        batch_size=2000,
    )


def forget(*, now: datetime) -> None:
    """Drop changes that nobody reads any more."""
    ShelfChange.objects.filter(at__lt=now - KEPT).delete()


def to_see(category_id: int | None = None) -> QuerySet[ShelfChange]:
    """The changes that customers may see, newest first: of what is on the shelf, and of what left it."""
    seen = ShelfChange.objects.filter(sight("service__"))
    seen = seen.filter(Q(kind=ShelfChange.Kind.GONE) | Q(service__state=Service.State.ON_SALE))
    if category_id is not None:
        seen = seen.filter(category=category_id)
    return seen.select_related("service", "category").order_by("-pk")
