"""One line and one count for each request, and an id that stands in every line it leads to."""

import logging
import os
import re
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from core import metrics
from core.context import about_request, route_of

log = logging.getLogger("reseller.requests")

HEADER = "X-Request-Id"
# An id that a proxy gave is taken over in this form alone: it stands in logs, headers and messages of ours.
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{7,63}")
# What is asked for all the time and says nothing unless it takes long or fails.
_QUIET = frozenset(("/readyz", "static"))
_SLOW = 1.0

LATENCY = metrics.Histogram(
    "shop_request_seconds",
    "How long requests took until their answer began, by route and class of status.",
    ("route", "status"),
)


def requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Give the request its id, and note how it went."""
    static = f"/{settings.STATIC_URL.lstrip('/')}"

    def middleware(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _SAFE.fullmatch(given) else os.urandom(8).hex()
        with about_request(request, request_id):
            response = get_response(request)
            seconds = time.perf_counter() - began
            status = response.status_code
            if request.path_info.startswith(static):
                route = counted = "static"
            else:
                route = route_of(request)
                counted = route if request.resolver_match is not None else "none"
            LATENCY.observe(seconds, counted, f"{status // 100}xx")
            # 204 is a page that is open and asks whether there is anything new.
            quiet = seconds < _SLOW and (status == 204 or (counted in _QUIET and status != 500))
            level = logging.DEBUG if quiet else logging.INFO
            if log.isEnabledFor(level):
                took = round(seconds * 1000, 1)
                facts = {"method": request.method, "route": route, "status": status, "ms": took}
                if request.resolver_match is not None:
                    facts.update(
                        (name, value) for name, value in request.resolver_match.kwargs.items() if isinstance(value, int)
                    )
                log.log(level, "%s %s %s in %s ms", request.method, route, status, took, extra={"facts": facts})
        response.headers[HEADER] = request_id
        return response

    return middleware
