"""Follow many running purchases at once: what orders and numbers share.

Rows that are due are claimed in a batch by moving their `next_poll_at` ahead, so a worker that vanishes loses
its batch to the next sweep; then they are asked for side by side, within the shared pace.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import connections, models

from core.context import about
from core.money import MoneyField
from upstream.client import UpstreamError
from upstream.models import BalanceReading
from upstream.pace import room


class Followed(models.Model):
    """A purchase whose news we ask for."""

    next_poll_at = models.DateTimeField(null=True, blank=True)
    poll_claim = models.CharField(max_length=32, blank=True)
    poll_failures = models.PositiveIntegerField(default=0)
    # What `upstream.movements` goes by, in numbers of readings of our balance: the last one taken before the
    # vendor said that it still runs, and the last one begun when the vendor's word of its end was recorded.
    asked_reading = models.BigIntegerField(null=True, blank=True)
    ended_reading = models.BigIntegerField(null=True, blank=True, db_index=True)
    upstream_charge = MoneyField(null=True, blank=True)
    taken = MoneyField(null=True, blank=True, help_text="USD that the vendor said at first it charged.")

    class Meta:
        abstract = True

    def heard(self, reading: int | None) -> None:
        """The vendor said after this reading that it runs; noted as long as nothing of its charge came back."""
        if self.upstream_charge is None or self.taken is None or self.upstream_charge >= self.taken:
            self.asked_reading = reading


Row = TypeVar("Row", bound=Followed)
Reply = TypeVar("Reply")


def claim_time() -> timedelta:
    """How long a claimed batch is left alone: a worker that vanished must not keep news back for long, and
    asking twice is harmless."""
    return timedelta(seconds=settings.UPSTREAM_TIMEOUT + 10)


def claim(running: models.QuerySet[Row], *, limit: int, now: datetime) -> list[Row]:
    """Claim those of `running` that are due, at most `limit`, the longest due first."""
    limit = room("ask", limit)
    if not limit:
        return []  # they would only be put off, one by one: their time stays as it is
    due = running.filter(next_poll_at__lte=now)
    ids = list(due.order_by("next_poll_at").values_list("pk", flat=True)[:limit])
    if not ids:
        return []
    mark = uuid.uuid4().hex
    due.filter(pk__in=ids).update(next_poll_at=now + claim_time(), poll_claim=mark)
    return asked_now(running.filter(poll_claim=mark))


def asked_now(running: models.QuerySet[Row]) -> list[Row]:
    """The rows, about to be asked for: on them, not yet saved, is the reading that this is after."""
    reading = BalanceReading.last_taken()
    rows = list(running)
    for row in rows:
        row.heard(reading)
    return rows


def ask(rows: Sequence[Row], question: Callable[[Row], Reply]) -> Iterator[tuple[Row, Reply | UpstreamError]]:
    """Put `question` for each row to the vendor, side by side; what goes wrong comes back as the answer."""

    def answer(row: Row) -> Reply | UpstreamError:
        try:
            with about(**{f"{row._meta.model_name}_id": row.pk}):
                return question(row)
        except UpstreamError as error:
            return error

    def answer_in_thread(row: Row) -> Reply | UpstreamError:
        try:
            return answer(row)
        finally:
            connections.close_all()  # a thread's own ones, which the pace may have opened

    threads = min(len(rows), settings.UPSTREAM_MAX_CONCURRENCY)
    if threads <= 1:
        for row in rows:
            yield row, answer(row)
        return
    with ThreadPoolExecutor(threads) as pool:
        # Each thread knows what its caller does: a log line there is about the same task.
        asked = {pool.submit(copy_context().run, answer_in_thread, row): row for row in rows}
        # As they come: one that hangs must not keep the others' news back.
        for done in as_completed(asked):
            yield asked[done], done.result()
