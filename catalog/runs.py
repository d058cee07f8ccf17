"""How a copy of something of the vendor's is made: on record, one at a time, all or nothing."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.models import SyncRun
from core.alerts import alert, resolve
from upstream.client import UpstreamError
from upstream.replies import SkippedRow

log = logging.getLogger(__name__)

# More than one of so many on sale is not withdrawn in one go.
LARGEST_WITHDRAWAL = 5
VANISHED = timedelta(minutes=15)
# Rows named in a run's record; their number is kept whole.
NAMED_ROWS = 100

Fetched = TypeVar("Fetched")


class SyncFailed(Exception):
    """Our copy stays as it was; says why."""


def synchronise(*, kind: str, fetch: Callable[[], Fetched], write: Callable[[Fetched, SyncRun], None]) -> SyncRun:
    """Fetch outside any transaction, then write in one; returns the run's record.

    What goes wrong changes nothing, is kept in the record and alerted, and raises `SyncFailed`.
    """
    run = _begin(kind)
    started = time.monotonic()
    try:
        fetched = fetch()
        with transaction.atomic():
            write(fetched, run)
            _finish(run, ok=True)
    except (UpstreamError, SyncFailed) as error:
        _finish(run, ok=False, problem=str(error))
        alert(
            key=f"sync:{kind}",
            subject=f"The {kind} could not be synchronised",
            detail=f"{error}\nThe shop goes on selling from its last good copy.",
            now=timezone.now(),
        )
        raise SyncFailed(str(error)) from error
    except BaseException as error:
        _finish(run, ok=False, problem=f"our own fault: {type(error).__name__}")
        raise
    resolve(key=f"sync:{kind}", now=timezone.now())
    log.info(
        "%s: %d seen, %d added, %d changed, %d withdrawn, %d skipped in %.1f s",
        *(kind, run.seen, run.added, run.changed, run.withdrawn, run.skipped),
        time.monotonic() - started,
    )
    return run


def guard(*, on_sale: int, gone: int, command: str) -> None:
    """Raise `SyncFailed` when a larger share would vanish than a hiccup of the vendor's may take away."""
    if gone * LARGEST_WITHDRAWAL > on_sale:
        raise SyncFailed(
            f"it would withdraw {gone} of {on_sale} on sale; if that is meant, run "
            f"`manage.py {command} --accept-withdrawals`"
        )


def name_skipped(run: SyncRun, skipped: Sequence[SkippedRow]) -> None:
    """Put the rows that could not be read on record."""
    run.skipped = len(skipped)
    run.skipped_rows = [row.why[:500] for row in skipped[:NAMED_ROWS]]


def _begin(kind: str) -> SyncRun:
    now = timezone.now()
    SyncRun.objects.filter(kind=kind, finished_at=None, started_at__lt=now - VANISHED).update(
        finished_at=now, problem="its process vanished"
    )
    try:
        with transaction.atomic():
            return SyncRun.objects.create(kind=kind, started_at=now)
    except IntegrityError:
        raise SyncFailed("another sync is under way") from None


def _finish(run: SyncRun, *, ok: bool, problem: str = "") -> None:
    run.ok, run.problem, run.finished_at = ok, problem[:2000], timezone.now()
    run.save()
