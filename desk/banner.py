"""For every page: the newest pinned announcement that this browser has not put away, and whether answers wait."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from desk.announce import live, put_away
from desk.models import Announcement, Request

# Older pinned ones wait until the newer are put away.
LOOKED_AT = 20


def banner(request: HttpRequest) -> dict[str, Any]:
    """`banner` and `unread_answers`, looked up only by a page that shows them: fragments don't."""
    return {
        "banner": SimpleLazyObject(lambda: _pinned(request)),
        "unread_answers": SimpleLazyObject(lambda: _unread(request)),
    }


def _pinned(request: HttpRequest) -> Announcement | None:
    away = put_away(request)
    pinned = live(now=timezone.now()).filter(pinned=True)[:LOOKED_AT]
    return next((each for each in pinned if each.pk not in away), None)


def _unread(request: HttpRequest) -> bool:
    user = getattr(request, "user", None)  # a page of errors may come before anybody is known
    return bool(user and user.is_authenticated) and Request.objects.filter(customer=user, unread=True).exists()
