"""Take a service off sale when its cost is not what the vendor's list says."""

from datetime import datetime

from catalog import changes
from catalog.models import Service, ShelfChange
from core.alerts import alert
from core.models import Alert


def suspend(*, service_id: int, why: str, now: datetime) -> None:
    """Stop selling the service until an operator puts it back (docs/upstream.md, ruling 2)."""
    stopped = Service.objects.filter(pk=service_id, state=Service.State.ON_SALE).update(
        state=Service.State.SUSPENDED, changed_at=now
    )
    if stopped:
        changes.note(services=Service.objects.filter(pk=service_id), kind=ShelfChange.Kind.GONE, now=now)
        alert(
            key=f"service:{service_id}:cost",
            subject=f"Service {service_id} is off sale: it costs other than its rate says",
            detail=f"{why}\nCheck UPSTREAM_RATE_UNIT_SMM and UPSTREAM_RATE_UNIT_PRODUCT, then put it back on sale.",
            severity=Alert.Severity.CRITICAL,
            now=now,
        )
