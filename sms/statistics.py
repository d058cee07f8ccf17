"""How often and how fast codes come, per project: what customers see as “usually delivers”."""

from collections import defaultdict
from datetime import datetime, timedelta
from statistics import median

from sms import states
from sms.models import Number, Project

WINDOW = timedelta(days=14)
# Fewer ended numbers than this say nothing.
ENOUGH = 20


def refresh(*, now: datetime) -> int:
    """Count the numbers that ended lately; returns how many projects have enough of them to say something."""
    ended = Number.objects.filter(finished_at__gte=now - WINDOW).exclude(state__in=states.LIVE)
    figures: dict[int, list[float | None]] = defaultdict(list)
    rows = ended.values_list("purchase__project_id", "received_at", "first_code_at")
    for project_id, received_at, first_code_at in rows.iterator(chunk_size=5000):
        figures[project_id].append((first_code_at - received_at).total_seconds() if first_code_at else None)
    told = {project_id: waits for project_id, waits in figures.items() if len(waits) >= ENOUGH}
    Project.objects.exclude(pk__in=told).exclude(delivery_rate=None).update(delivery_rate=None, median_seconds=None)
    for project_id, waits in told.items():
        seconds = [wait for wait in waits if wait is not None]
        Project.objects.filter(pk=project_id).update(
            delivery_rate=round(100 * len(seconds) / len(waits)),
            median_seconds=round(median(seconds)) if seconds else None,
        )
    return len(told)
