"""Follow many running purchases at once: what orders and numbers share.

Rows that are due by `next_poll_at` are claimed in a batch for a while, so a worker that vanishes loses its batch to a
later sweep; then they are asked for side by side, within the shared pace.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import connections, models

from core.context import about
from core.money import MoneyField
from upstream import claims
from upstream.client import UpstreamError
from upstream.models import BalanceReading
from upstream.pace import room


class Followed(models.Model):
    """A purchase whose news we ask for."""

    next_poll_at = models.DateTimeField(null=True, blank=True)
    # Written by the release before, whose claims stood here: it goes with the next one.
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


# Another worker may claim what we have just found; then there is more behind it.
ATTEMPTS = 3

Row = TypeVar("Row", bound=Followed)
Reply = TypeVar("Reply")


def claim_time() -> timedelta:
    """How long a claimed batch is left alone: a worker that vanished must not keep news back for long, and
    asking twice is harmless."""
    return timedelta(seconds=settings.UPSTREAM_TIMEOUT + 10)


def claim(running: models.QuerySet[Row], *, limit: int, now: datetime) -> list[Row]:
    """Claim those of `running` that are due, at most `limit`, the longest due first."""
    limit = room("ask", limit)
    # With no room they would only be put off, one by one: their time stays as it is.
    won = won_now(running, limit=limit, now=now) if limit else []
    return asked_now(running.filter(pk__in=won)) if won else []


def won_now(running: models.QuerySet[Row], *, limit: int, now: datetime) -> list[int]:
    """The numbers of the rows that are claimed by it."""
    due = running.filter(next_poll_at__lte=now).order_by("next_poll_at").values_list("pk", flat=True)
    for _attempt in range(ATTEMPTS):
        held = claims.held(running.model, now=now)
        # Those held may stand before all others. In one query with them, a planner would join and sort all that is due.
        found = [pk for pk in due[: limit + len(held)] if pk not in held][:limit]
        won = claims.take(running.model, found, until=now + claim_time(), now=now)
        if won or not found:
            return won
    return []


def asked_now(running: models.QuerySet[Row]) -> list[Row]:
    """The rows, about to be asked for: on them, not yet saved, is the reading that this is after."""
    reading = BalanceReading.last_taken()
    rows = list(running)
    for row in rows:
        row.heard(reading)
    return rows


def done(rows: Sequence[Followed]) -> None:
    """These claimed rows were asked for and written down; others stay claimed until their time is over."""
    if rows:
        claims.give_back(type(rows[0]), [row.pk for row in rows])


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
