"""Take a project off sale when its cost is not what the vendor's list says."""

from datetime import datetime

from core.alerts import alert
from core.models import Alert
from sms.models import Project


def suspend(*, project_id: int, why: str, now: datetime) -> None:
    """Stop selling numbers of the project until an operator puts it back (docs/upstream.md, ruling 2)."""
    stopped = Project.objects.filter(pk=project_id, state=Project.State.ON_SALE).update(
        state=Project.State.SUSPENDED, changed_at=now
    )
    if stopped:
        alert(
            key=f"project:{project_id}:cost",
            subject=f"Numbers of project {project_id} are off sale: they cost other than their price says",
            detail=f"{why}\nCompare with the vendor, then put the project back on sale.",
            severity=Alert.Severity.CRITICAL,
            now=now,
        )
