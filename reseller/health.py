"""For load balancers and operators: is the shop alive, and is everything behind it."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu import Connection
from kombu.exceptions import OperationalError
from redis import RedisError

from catalog.models import SyncRun
from core import heartbeat
from reseller.observe.page import page as metrics_page
from upstream.pace import current_pace

log = logging.getLogger(__name__)

BROKER_PATIENCE = 1


def probe(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer `/healthz` and `/metrics` before anything asks for whom: whoever watches a process asks by its address."""
    pages = {"/healthz": healthz, "/metrics": metrics_page}

    def middleware(request: HttpRequest) -> HttpResponse:
        page = pages.get(request.path_info)
        if page is None:
            return get_response(request)
        answer = page(request)
        answer["X-Content-Type-Options"] = "nosniff"  # what the middleware behind this would add
        return answer

    return middleware


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers; it asks nobody else."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Database, broker, worker, how old the catalogue is, and whether calls to the vendor flow.

    503 when one of the first three is missing. Without the vendor the shop stays open: it sells from its copy, and
    what is placed goes out later.

    Says what is wrong in a word, never an address: anybody may ask.
    """
    now = timezone.now()
    database = _part(_database)
    unknown = {"ok": False, "why": "database"}
    report: dict[str, Any] = {
        "database": database,
        "broker": _part(broker),
        "worker": _part(lambda: _worker(now)) if database["ok"] else unknown,
        "catalogue": _part(lambda: _catalogue(now)) if database["ok"] else unknown,
        "vendor": _part(_vendor),
    }
    ok = all(report[name]["ok"] for name in ("database", "broker", "worker"))
    response = JsonResponse({"ok": ok, **report}, status=200 if ok else 503)
    # Django would log each 503 as an error of ours and mail it to the operators, at every probe.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _part(check: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return check()
    except Exception as error:  # whatever is wrong with a part, the others are still reported
        log.warning("readyz: %s: %s", type(error).__name__, error)
        away = isinstance(error, (OSError, DatabaseError, RedisError))
        return {"ok": False, "why": "unreachable" if away else "error"}


def _database() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"ok": True}


def broker() -> dict[str, Any]:
    """That the broker answers, within seconds; raises what its driver raises, or `ConnectionError`."""
    options: dict[str, Any] = dict(settings.CELERY_BROKER_TRANSPORT_OPTIONS)
    for name in ("socket_connect_timeout", "socket_timeout"):
        if name in options:
            options[name] = BROKER_PATIENCE
    with Connection(settings.CELERY_BROKER_URL, transport_options=options, connect_timeout=BROKER_PATIENCE) as broker:
        try:
            # One more try at once; by itself it would go on for ever.
            broker.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=BROKER_PATIENCE)
        except OperationalError as error:
            raise ConnectionError(type(error.__cause__ or error).__name__) from None
    return {"ok": True}


def _worker(now: datetime) -> dict[str, Any]:
    beaten_at = heartbeat.seen("submit")  # the queue that purchases wait in
    if beaten_at is None:
        return {"ok": False, "why": "never seen", "age": None}
    age = max((now - beaten_at).total_seconds(), 0.0)
    if not heartbeat.alive(beaten_at, now=now):
        return {"ok": False, "why": "silent", "age": round(age, 1)}
    return {"ok": True, "age": round(age, 1)}


def _catalogue(now: datetime) -> dict[str, Any]:
    finished_at = (
        SyncRun.objects.filter(ok=True, finished_at__isnull=False)
        .order_by("-finished_at")
        .values_list("finished_at", flat=True)
        .first()
    )
    if finished_at is None:
        return {"ok": False, "why": "never synced", "age": None}
    return {"ok": True, "age": round(max((now - finished_at).total_seconds(), 0.0), 1)}


def _vendor() -> dict[str, Any]:
    """How the breaker stands: `closed` is well. `why` is a word of ours, and never the vendor's."""
    gate = current_pace().weather().worst
    return {
        "ok": gate.state == "closed",
        "state": gate.state,
        "retry_in": round(gate.rests, 1),
        "why": gate.word,
        "failures": gate.failures,
    }
