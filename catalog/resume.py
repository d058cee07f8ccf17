"""Put a service back on sale that was taken off it because of its cost."""

from datetime import datetime

from catalog import changes
from catalog.models import Service, ShelfChange
from core.alerts import resolve


def resume(*, service_id: int, now: datetime) -> bool:
    """Sell a suspended service again, at the price it has; false when it isn't suspended."""
    resumed = Service.objects.filter(pk=service_id, state=Service.State.SUSPENDED).update(
        state=Service.State.ON_SALE, changed_at=now
    )
    if resumed:
        changes.note(services=Service.objects.filter(pk=service_id), kind=ShelfChange.Kind.BACK, now=now)
        resolve(key=f"service:{service_id}:cost", now=now)
    return bool(resumed)
