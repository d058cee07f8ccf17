"""Empty the messages of numbers that ended more than GOODS_KEPT_DAYS ago: codes and texts, for good."""

import logging
from datetime import datetime

from django.db import transaction

from core.retention import ended_before
from sms.models import Message, Number

log = logging.getLogger(__name__)

BATCH = 500


def purge_texts(*, limit: int = BATCH, now: datetime) -> int:
    """Empty the messages of at most `limit` numbers, the oldest first; returns how many numbers that is."""
    ended = ended_before(now)
    if ended is None:
        return 0
    due = Number.objects.filter(finished_at__lt=ended, texts_removed_at=None, first_code_at__isnull=False)
    with transaction.atomic():
        pks = list(due.order_by("finished_at").values_list("pk", flat=True)[:limit])
        Message.objects.filter(number__in=pks).update(code="", text="")
        Number.objects.filter(pk__in=pks).update(texts_removed_at=now)
    if pks:
        log.info("the messages of %s numbers that ended before %s are removed", len(pks), ended)
    return len(pks)
