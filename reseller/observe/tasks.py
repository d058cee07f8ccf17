"""What Celery's tasks leave in logs and counts: which one ran, for what, how long, and how long it had waited.

Celery has no other place for it than its signals. They only look on: a task runs the same without them.
"""

import logging
import time
from contextlib import AbstractContextManager
from typing import Any

from celery import signals

from core import context, metrics

log = logging.getLogger("reseller.tasks")

# What a message carries beside Celery's own headers.
ABOUT, QUEUED_AT = "shop_about", "shop_queued_at"

LATENCY = metrics.Histogram("shop_task_seconds", "How long tasks took, by task.", ("task",))
WAITED = metrics.Histogram(
    "shop_task_wait_seconds", "How long tasks waited in their queue until a worker began them, by queue.", ("queue",)
)
FAILURES = metrics.Counter("shop_task_failures_total", "Tasks that broke, by task.", ("task",))
BEAT = metrics.Stamp("shop_beat_timestamp_seconds", "When beat last handed out a task, in seconds of the epoch.")


def watch() -> None:
    """Look on from now on: where tasks are queued, and where they run."""
    signals.before_task_publish.connect(_queued, dispatch_uid="observe")
    signals.task_prerun.connect(_begun, dispatch_uid="observe")
    signals.task_postrun.connect(_ended, dispatch_uid="observe")
    signals.task_failure.connect(_failed, dispatch_uid="observe")
    signals.worker_init.connect(_works, dispatch_uid="observe")
    signals.beat_init.connect(_beats, dispatch_uid="observe")


def _queued(headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is not None:
        headers[ABOUT] = context.handed_on()
        headers[QUEUED_AT] = time.time()


def _begun(task_id: str, task: Any, kwargs: dict[str, Any] | None = None, **_: Any) -> None:
    """Everything that is logged until the task's end is about it, its arguments that are ids, and whoever queued it."""
    request = task.request
    ids = {
        name: value for name, value in (kwargs or {}).items() if name.endswith("_id") and isinstance(value, int | str)
    }
    inside = context.about(**(getattr(request, ABOUT, None) or {}), **ids, task=task.name, task_id=task_id)
    inside.__enter__()
    request.shop_inside, request.shop_began = inside, time.perf_counter()
    queued_at = getattr(request, QUEUED_AT, None)
    if isinstance(queued_at, int | float):
        # Clocks of two machines differ.
        queue = (request.delivery_info or {}).get("routing_key") or "none"
        WAITED.observe(max(time.time() - queued_at, 0.0), queue)
    log.debug("begins")


def _ended(task: Any, **_: Any) -> None:
    inside: AbstractContextManager[None] | None = getattr(task.request, "shop_inside", None)
    if inside is None:
        return
    seconds = time.perf_counter() - task.request.shop_began
    LATENCY.observe(seconds, task.name)
    log.debug("ended in %.0f ms", seconds * 1000, extra={"facts": {"ms": round(seconds * 1000, 1)}})
    task.request.shop_inside = None
    inside.__exit__(None, None, None)


def _failed(sender: Any, **_: Any) -> None:
    FAILURES.inc(sender.name)


def _works(**_: Any) -> None:
    metrics.hand_over_regularly()


def _beats(**_: Any) -> None:
    metrics.hand_over_regularly()
    signals.after_task_publish.connect(_handed_out, dispatch_uid="observe")


def _handed_out(**_: Any) -> None:
    BEAT.note(time.time())
