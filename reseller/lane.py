"""The API's own lane: its endpoints are served without what only browsers need.

A program has no session, no cookie, no form token, no language and no messages; carrying all that for it took longer
than a whole call. What protects every request (hosts, HTTPS, whole bodies) stands before this in MIDDLEWARE.
"""

import functools
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch, resolve, reverse

Answer = Callable[[HttpRequest], HttpResponse]
NAMES = ("api:v2", "api:panel", "api:handler")
# Nothing in an answer for programs is to be run or shown by a browser.
POLICY = "default-src 'none'; frame-ancestors 'none'"


def api_lane(answer: Answer) -> Answer:
    """Call the endpoint itself for the API's addresses, each with and without a slash at its end."""

    def middleware(request: HttpRequest) -> HttpResponse:
        match = _endpoints().get(request.path_info)
        if match is None:
            return answer(request)
        request.get_host()  # refuses a host that is not ours, as CommonMiddleware does
        request.resolver_match = match
        response: HttpResponse = match.func(request)
        response["Content-Security-Policy"] = POLICY
        response["Content-Length"] = str(len(response.content))
        return response

    return middleware


@functools.cache
def _endpoints() -> dict[str, ResolverMatch]:
    places = [reverse(name) for name in NAMES]
    return {place: resolve(place) for path in places for place in (path, f"{path}/")}
