"""The services that this browser looked at last: a short list in a cookie, so that looking writes no row."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from catalog.models import Service
from catalog.search import on_shelf

COOKIE = "viewed"
MOST = 6
_YEAR = 365 * 86_400


def ids(request: HttpRequest) -> list[int]:
    """Ids of services, the newest first. What a browser sends is not to be trusted: they may name anything."""
    parts = request.COOKIES.get(COOKIE, "")[:200].split(".")
    numbers = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 16]
    return list(dict.fromkeys(numbers))[:MOST]


def note(request: HttpRequest, response: HttpResponse, service_id: int) -> HttpResponse:
    """Put the service first in the list."""
    newest = [service_id, *(each for each in ids(request) if each != service_id)][:MOST]
    response.set_cookie(
        COOKIE,
        ".".join(map(str, newest)),
        max_age=_YEAR,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response


def services(service_ids: list[int]) -> list[Service]:
    """Those of the services that can be bought, in this order."""
    if not service_ids:
        return []
    found = on_shelf().filter(pk__in=service_ids).select_related("category").in_bulk()
    return [found[pk] for pk in service_ids if pk in found]
