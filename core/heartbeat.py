"""Signs of life of the workers: beat sends each queue a task every ten seconds, and who works the queue notes it.

One row a queue, so that a page can name the queue that nobody works. A sign needs beat, the broker and a worker of
that queue; which of the three is missing when none comes can't be told from here.
"""

from datetime import datetime, timedelta

from core.models import Heartbeat
from core.queues import QUEUES

# After three missed ones nobody is working.
SILENT_AFTER = timedelta(seconds=40)


def beat(queue: str, *, now: datetime) -> None:
    """Note that the queue `queue` is worked."""
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=queue, beaten_at=now)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["beaten_at"],
    )


def seen(queue: str) -> datetime | None:
    """When the queue `queue` was last seen to be worked; None where it never was."""
    return Heartbeat.objects.filter(name=queue).values_list("beaten_at", flat=True).first()


def all_seen() -> dict[str, datetime | None]:
    """`seen` of every queue, in one query."""
    known = dict(Heartbeat.objects.filter(name__in=QUEUES).values_list("name", "beaten_at"))
    return {queue: known.get(queue) for queue in QUEUES}


def alive(at: datetime | None, *, now: datetime) -> bool:
    """Whether a sign of life at `at` is recent enough."""
    return at is not None and now - at <= SILENT_AFTER


def anybody(*, now: datetime) -> bool:
    """Whether a worker of any queue was seen lately."""
    return Heartbeat.objects.filter(beaten_at__gt=now - SILENT_AFTER).exists()
