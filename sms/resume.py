"""Put a project back on sale that was taken off it because of its cost."""

from datetime import datetime

from core.alerts import resolve
from sms.models import Project


def resume(*, project_id: int, now: datetime) -> bool:
    """Sell a suspended project again, at the price it has; false when it isn't suspended."""
    resumed = Project.objects.filter(pk=project_id, state=Project.State.SUSPENDED).update(
        state=Project.State.ON_SALE, changed_at=now
    )
    if resumed:
        resolve(key=f"project:{project_id}:cost", now=now)
    return bool(resumed)
