"""Which announcements there are now, and which of them a browser has put away."""

from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from desk.models import Announcement

# In a cookie: a visitor has no account, and nothing of it is worth a row.
COOKIE = "away"
REMEMBERED = 30
YEAR = 365 * 86_400


def live(*, now: datetime) -> QuerySet[Announcement]:
    """The announcements of the moment, newest first."""
    return Announcement.objects.filter(Q(until_at=None) | Q(until_at__gt=now), from_at__lte=now)


def put_away(request: HttpRequest) -> list[int]:
    """The ids that this browser has put away, the latest last."""
    parts = request.COOKIES.get(COOKIE, "")[:600].split(".")
    return [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 16]


def put_one_away(request: HttpRequest, response: HttpResponse, announcement_id: int) -> None:
    """Have the browser remember that it need not show this one again."""
    ids = [each for each in put_away(request) if each != announcement_id] + [announcement_id]
    response.set_cookie(
        COOKIE,
        ".".join(map(str, ids[-REMEMBERED:])),
        max_age=YEAR,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
