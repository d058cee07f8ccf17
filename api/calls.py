"""The log of calls: written after the answer has gone out, kept short."""

import logging
from datetime import datetime, timedelta

from django.db import DatabaseError
from django.db.models import Count, Q

from api.models import Call, Key
from core.prepared import insert

log = logging.getLogger(__name__)

KEPT = 200
KEPT_FOR = timedelta(days=7)
# `last_used_at` is written at most so often.
STEP = timedelta(minutes=1)


def record(*, key: Key, action: str, outcome: str, milliseconds: int, address: str | None, now: datetime) -> None:
    """Note one call. A log that can't be written spoils nothing: the customer has their answer."""
    try:
        insert(
            Call(
                key_id=key.pk,
                action=action[:20],
                outcome=outcome[:120],
                milliseconds=max(milliseconds, 0),
                address=address,
                at=now,
            )
        )
        if key.last_used_at is None or now - key.last_used_at >= STEP:
            unused = Q(last_used_at=None) | Q(last_used_at__lte=now - STEP)
            Key.objects.filter(unused, pk=key.pk).update(last_used_at=now)
    except DatabaseError as error:
        log.warning("a call of key %s was not noted: %s", key.pk, type(error).__name__)


def purge(*, now: datetime) -> int:
    """Forget old calls, and of each key all but the newest; returns how many were forgotten."""
    gone = Call.objects.filter(at__lt=now - KEPT_FOR).delete()[0]
    busy = Call.objects.order_by().values("key").annotate(number=Count("pk")).filter(number__gt=KEPT)
    for key_id in list(busy.values_list("key", flat=True)):
        newest = Call.objects.filter(key=key_id).order_by("-pk")
        last = newest.values_list("pk", flat=True)[KEPT - 1]
        gone += Call.objects.filter(key=key_id, pk__lt=last).delete()[0]
    return gone
