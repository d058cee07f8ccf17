"""The log of calls: gathered for a moment, written by a thread of its own, kept short.

A call that only reads would otherwise write to the database all the same, and wait for its commit. What a process that
is killed had gathered last is lost; one that ends in order writes it down.
"""

import atexit
import logging
import threading
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.models import Count, Q

from api.models import Call, Key
from core import bulk

log = logging.getLogger(__name__)

KEPT = 200
KEPT_FOR = timedelta(days=7)
# `last_used_at` is written at most so often.
STEP = timedelta(minutes=1)
# Seconds that calls are gathered for, and how many at most: what comes beyond that is not noted.
GATHER = 0.5
MOST = 20_000


class _Noted(NamedTuple):
    """A row of the log, and when its key was last used as far as the call knew."""

    row: tuple[Any, ...]
    used_before: datetime | None


_ROW = ("key_id", "action", "outcome", "milliseconds", "address", "at")
_gathered: list[_Noted] = []
_lock = threading.Lock()
# One writes at a time: a process that ends waits for what its thread has taken already.
_writing = threading.Lock()
_come = threading.Event()
_writer: threading.Thread | None = None


def note(*, key: Key, action: str, outcome: str, milliseconds: int, address: str | None, now: datetime) -> None:
    """Note one call: it is in the log after a moment. Waits for nothing and raises nothing."""
    call = _Noted((key.pk, action[:20], outcome[:120], max(milliseconds, 0), address, now), key.last_used_at)
    with _lock:
        if len(_gathered) < MOST:
            _gathered.append(call)
    wake()


def write_out() -> None:
    """Write down what was gathered. A log that can't be written spoils nothing: its customers have their answers."""
    with _writing:
        with _lock:
            calls = _gathered[:]
            _gathered.clear()
        if calls:
            _write_or_warn(calls)


def _write_or_warn(calls: Sequence[_Noted]) -> None:
    try:
        _write(calls)
    except (OperationalError, InterfaceError) as error:
        # The database is away or busy: to try each of thousands alone would take as many times as long.
        log.warning("%d calls were not noted: %s", len(calls), type(error).__name__)
    except (DatabaseError, ValueError):
        # One of them perhaps: a key that has gone meanwhile.
        for call in calls:
            try:
                _write([call])
            except (DatabaseError, ValueError) as error:
                log.warning("a call of key %s was not noted: %s", call.row[0], type(error).__name__)


def _write(calls: Sequence[_Noted]) -> None:
    bulk.create_each(Call, _ROW, (call.row for call in calls))
    latest = {call.row[0]: (call.used_before, call.row[-1]) for call in calls}
    for key_id, (before, at) in latest.items():
        if before is None or at - before >= STEP:
            unused = Q(last_used_at=None) | Q(last_used_at__lte=at - STEP)
            Key.objects.filter(unused, pk=key_id).update(last_used_at=at)


def wake() -> None:
    """Have what was gathered written soon, by a thread that begins with a process's first call."""
    global _writer
    if _writer is None or not _writer.is_alive():  # a fork takes no threads along
        with _lock:
            if _writer is None:
                atexit.register(write_out)
            if _writer is None or not _writer.is_alive():
                _writer = threading.Thread(target=_write_for_ever, name="calls", daemon=True)
                _writer.start()
    _come.set()


def _write_for_ever() -> None:
    while True:
        _come.wait()
        time.sleep(GATHER)
        _come.clear()
        try:
            write_out()
        except Exception:
            log.exception("the log of calls could not be written")
        finally:
            connection.close()


def purge(*, now: datetime) -> int:
    """Forget old calls, and of each key all but the newest; returns how many were forgotten."""
    gone = Call.objects.filter(at__lt=now - KEPT_FOR).delete()[0]
    busy = Call.objects.order_by().values("key").annotate(number=Count("pk")).filter(number__gt=KEPT)
    for key_id in list(busy.values_list("key", flat=True)):
        newest = Call.objects.filter(key=key_id).order_by("-pk")
        last = newest.values_list("pk", flat=True)[KEPT - 1]
        gone += Call.objects.filter(key=key_id, pk__lt=last).delete()[0]
    return gone
