"""Keep each change of a price that cost had no part in, for operators: they read it in the service's history."""

from collections.abc import Sequence
from datetime import datetime

from catalog.changes import Moved
from catalog.models import PriceChange

_BATCH = 2000


def keep_changes(*, moved: Sequence[Moved], now: datetime) -> None:
    """Prices of services became others at the same cost: (service, old, new) in USD for one rate unit."""
    PriceChange.objects.bulk_create(
        [
            PriceChange(
                service_id=service.pk,
                old_rate=service.rate,
                new_rate=service.rate,
                old_price=old,
                new_price=new,
                changed_at=now,
            )
            for service, old, new in moved
        ],
        batch_size=_BATCH,
    )
