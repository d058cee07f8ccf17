"""Django's sessions in the database; the query of every page is composed once."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from core.prepared import MOMENT, TEXT, Prepared, given

_BY_KEY = Prepared(lambda: Session.objects.filter(session_key=given("key", TEXT), expire_date__gt=given("now", MOMENT)))


class SessionStore(DatabaseStore):
    """Called as Django's own, since the name is part of what a session is signed with."""

    def _get_session_from_db(self) -> Any:
        found = _BY_KEY.first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
        return found
