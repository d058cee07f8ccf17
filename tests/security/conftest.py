"""A shop that people have lived in, browsers of theirs, and all that its tables hold."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.core.cache import cache
from django.test import Client

from reseller.models import FirstRun
from tests.lived_in import LivedIn, people
from tests.lived_in.fittings import fit
from tests.orders.conftest import catalogue
from tests.security import desk_things
from tests.security.poison import poison
from tests.sms.conftest import projects
from tests.still import sandbox

__all__ = ["catalogue", "projects", "sandbox"]

# What a purchase, a session or a call leaves behind whoever makes it.
OF_THE_CALLER = {"sessions.Session", "usersessions.UserSession", "api.Call", "accounts.User", "accounts.Place"}


@pytest.fixture(autouse=True)
def _no_old_limits(db):
    """Guesses that an earlier test made are not counted."""
    cache.clear()


@pytest.fixture
def shop(catalogue, projects, now, settings):
    """Everything in every state; its first run is done."""
    fit(settings)
    FirstRun.objects.create(done_at=now)
    return LivedIn(now=now, step=timedelta(minutes=5)).open()


@pytest.fixture
def poisoned(shop):
    desk_things.fill(shop)
    cells, refused = poison()
    assert cells > 500
    # Nothing but text that a page would show can be kept out by the database.
    assert refused == set()
    return shop


def browser(user=None, **options):
    """Somebody's browser, who has just given their password; a visitor's without a user."""
    made = Client(**options)
    if user is not None:
        made.cookies["sessionid"] = people.session_of(user, proved=True)
    return made


def everything():
    """All rows but those of whoever calls."""
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values_list())
        for model in apps.get_models()
        if model._meta.label not in OF_THE_CALLER
    }


def words(answer):
    """What an answer says: its body and its headers."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode(errors="replace") + str(answer.headers)
