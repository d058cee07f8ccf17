"""For every page: the newest pinned announcement that this browser has not put away."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from core.prepared import MOMENT, Prepared, given
from desk.announce import live, put_away
from desk.models import Announcement

# Older pinned ones wait until the newer are put away.
LOOKED_AT = 20


def pinned(*, now: Any) -> QuerySet[Announcement]:
    """The pinned announcements of the moment, newest first."""
    return live(now=now).filter(pinned=True)


_PINNED = Prepared(lambda: pinned(now=given("now", MOMENT))[:LOOKED_AT])


def banner(request: HttpRequest) -> dict[str, Any]:
    """`banner`, looked up only by a page that shows it: fragments don't."""
    return {"banner": SimpleLazyObject(lambda: _pinned(request))}


def _pinned(request: HttpRequest) -> Announcement | None:
    away = put_away(request)
    return next((each for each in _PINNED.all(now=timezone.now()) if each.pk not in away), None)
