"""The browsers in which somebody is logged in: list them, end one, end all others.

allauth keeps a row of each log-in beside Django's own row of the session; one without the other counts for nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts import browsers
from accounts.models import User

# How many are shown, the newest first.
SHOWN = 100


@dataclass(frozen=True)
class LoggedIn:
    """A browser that is logged in, as its owner reads of it."""

    pk: int
    browser: str
    handheld: bool
    address: str
    since: datetime
    seen: datetime
    current: bool
    """Whether it is the one that asks."""


def of(user: User, *, current: str | None, now: datetime) -> list[LoggedIn]:
    """Where the user is logged in at `now`, the asking browser first, then by when they were last seen."""
    alive = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=now)
    rows = UserSession.objects.filter(Exists(alive), user=user).order_by("-last_seen_at")[:SHOWN]
    shown = [
        LoggedIn(
            pk=row.pk,
            browser=browsers.words(row.user_agent),
            handheld=browsers.is_handheld(row.user_agent),
            address=row.ip,
            since=row.created_at,
            seen=row.last_seen_at,
            current=row.session_key == current,
        )
        for row in rows
    ]
    return sorted(shown, key=lambda one: not one.current)


def end(*, user: User, session_id: int) -> None:
    """Log one of the user's browsers out. Raises `UserSession.DoesNotExist`."""
    _end(UserSession.objects.filter(pk=UserSession.objects.get(pk=session_id, user=user).pk))


def end_all(*, user: User, but: str | None = None) -> int:
    """Log the user out everywhere, except in the session with the key `but`; returns how many were ended."""
    return _end(UserSession.objects.filter(user=user).exclude(session_key=but or ""))


def begin_anew(*, user: User, current: str | None) -> None:
    """After a new password: log out everywhere but in the session `current`, which gets a new key and row next."""
    end_all(user=user, but=current)
    UserSession.objects.filter(user=user).delete()


def _end(rows: "QuerySet[UserSession]") -> int:
    with transaction.atomic():
        keys = list(rows.values_list("session_key", flat=True))
        ended, _each = Session.objects.filter(session_key__in=keys).delete()
        UserSession.objects.filter(session_key__in=keys).delete()
    return ended
