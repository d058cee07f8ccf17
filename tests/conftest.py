"""What every test may use: servers, people, the vendor's stand-in, a whole shop as real processes, a browser."""

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import redis
from django.conf import settings
from django.utils import timezone, translation

from tests import browser, servers, where

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from accounts.models import User
    from tests.house import House
    from upstream.sandbox.server import Sandbox

# Until all tests are read: see pytest_collection_finish.
gc.disable()
# The same examples in every run, so that a red suite stays red; HYPOTHESIS_PROFILE=random looks for others.
hypothesis.settings.register_profile(
    "same", derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow], database=None
)
hypothesis.settings.register_profile("random")
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
# Playwright keeps an event loop in the test's own thread; Django would refuse to be called there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers, in the process that began the run; they end with it."""
    if settings.SETTINGS_MODULE != "tests.settings":
        raise pytest.UsageError("the tests have settings of their own: pytest --ds=tests.settings")
    # pytest-base-url's, until it keeps up with pytest.
    config.addinivalue_line("filterwarnings", "ignore:Session-scoped fixtures defined as instance methods")
    if not settings.FIRST or config.option.collectonly:
        return
    config.add_cleanup(lambda: shutil.rmtree(settings.TEST_HOME, ignore_errors=True))
    if settings.FOREIGN_BROKER:
        config.add_cleanup(_forget_our_keys)
    provided = servers.Servers(settings.TEST_HOME)
    config.add_cleanup(provided.stop)
    try:
        if not settings.FOREIGN_BROKER:
            provided.valkey()
        if settings.ON_POSTGRES and not settings.FOREIGN_DATABASE:
            provided.postgres()
    except servers.Missing as error:
        raise pytest.UsageError(str(error)) from None
    # Tests are read by several processes, and tables made by one: both at the same time.
    making = subprocess.Popen(
        [sys.executable, "-m", "tests.template"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE},
        stderr=subprocess.DEVNULL,  # who wants a copy tries it again, and says what is wrong
    )
    config.add_cleanup(making.wait)
    config.add_cleanup(making.terminate)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL run what touches the database, on each what it can prove: `tests/where.py`."""
    if wrong := where.wrong():
        raise pytest.UsageError(f"tests/where.py names what is not there, or runs nowhere: {', '.join(wrong)}")
    journeys = Path(__file__).parent / "journeys"
    if astray := [i.nodeid for i in items if bool(i.get_closest_marker("journey")) != i.path.is_relative_to(journeys)]:
        raise pytest.UsageError(f"journeys, and nothing else, live in tests/journeys: {', '.join(astray)}")
    fixtures = {"db", "transactional_db", "live_server"}
    named = {os.path.abspath(each.partition("::")[0]) for each in config.args}
    kept = [
        item
        for item in items
        if str(item.path) in named  # somebody wants just these
        or (
            where.runs(item.path, on_postgres=settings.ON_POSTGRES)
            and (
                not settings.ON_POSTGRES
                or not where.runs(item.path, on_postgres=False)
                or item.get_closest_marker("journey")
                or item.get_closest_marker("django_db")
                or fixtures & set(getattr(item, "fixturenames", ()))
            )
        )
    ]
    ours = set(map(id, kept))
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in ours])
    items[:] = sorted(kept, key=lambda item: not where.is_long(item.path))


def pytest_collection_finish() -> None:
    """What is there by now stays; the collector would look through it again and again, a tenth of all the time."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 25, 25)


# ── The database and the broker ────────────────────────────────────────────────────────────────────
@pytest.fixture(autouse=True)
def calls_are_noted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that writes the API's log of calls sees nothing of a test's transaction."""
    from api import calls

    monkeypatch.setattr(calls, "wake", calls.write_out)


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None) -> bool:
    """Whether this process's database is there already, as a copy of one that was migrated."""
    from django.db import connection

    from tests import template

    return template.copy(settings.TEST_HOME, settings.DATABASES["default"], connection.creation._get_test_db_name())


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """pytest-django's, and a memory of what the migrations put into the tables."""
    from django.db import connection

    from tests import emptying

    with django_db_blocker.unblock():
        emptying.remember(connection)
    emptying.install()


@pytest.fixture(autouse=True)
def _no_page_kept() -> None:
    """A test that is undone undoes the mark of its catalogue as well, which nothing else does."""
    from catalog import index, shown

    shown.kept.clear()
    shown.trees.clear()
    index.index.clear()


@pytest.fixture(autouse=True)
def _english() -> None:
    """A request leaves its language behind in the thread, for the next request to replace."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True)
def _nothing_cached(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a transactional test cached is not there for the next one."""
    marker = request.node.get_closest_marker("django_db")
    transactional = bool({"transactional_db", "live_server"} & set(request.fixturenames))
    if not transactional and not (marker and marker.kwargs.get("transaction")):
        yield
        return
    # Set up after the database, so torn down before it is emptied.
    request.getfixturevalue("transactional_db")
    from django.core.cache import cache

    yield
    cache.clear()


def _foreign_broker() -> "redis.Redis":
    return redis.Redis.from_url(
        settings.FOREIGN_BROKER.replace("redis+socket://", "unix://").replace("virtual_host=", "db=")
    )


def _forget_our_keys() -> None:
    connection = _foreign_broker()
    for key in connection.scan_iter(f"{settings.TEST_HOME.name}-*"):
        connection.delete(key)


@pytest.fixture
def broker() -> "redis.Redis":
    """This process's own database of the broker, emptied of what an earlier test left."""
    if settings.FOREIGN_BROKER:
        connection = _foreign_broker()
        connection.delete("pace", "pace:calls", "last-reading", "database-went-back", "metrics")
    else:
        connection = redis.Redis(unix_socket_path=str(settings.TEST_HOME / "valkey.sock"), db=settings.WORKER)
        connection.flushdb()
    return connection


# ── The vendor ─────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def sandbox(settings: "SettingsWrapper", broker: "redis.Redis") -> "Iterator[Sandbox]":
    """A fresh vendor on a port of its own; the settings point to it and the shared pace is at rest."""
    from upstream.sandbox.server import Sandbox

    with Sandbox(key="test-key") as vendor:
        settings.UPSTREAM_URL = vendor.url
        settings.UPSTREAM_KEY = "test-key"
        yield vendor


# ── People ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def now() -> datetime:
    """The moment of the test."""
    return timezone.now()


def _person(email: str, **fields: Any) -> "User":
    from allauth.account.models import EmailAddress

    from accounts.models import User
    from wallet import ledger

    user = User.objects.create_user(email, PASSWORD, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    ledger.account_of(user)
    return user


PASSWORD = "a long enough passphrase"


@pytest.fixture
def customer(db: None, now: datetime) -> "User":
    """Somebody with 50 USD to spend."""
    from wallet import ledger

    user = _person("customer@example.com")
    ledger.adjust(
        account=ledger.account_of(user),
        amount=Decimal(50),
        key=f"user:{user.pk}:opening",
        memo="Opening credit",
        now=now,
    )
    user.refresh_from_db()
    return user


@pytest.fixture
def stranger(db: None) -> "User":
    """Another customer, who must never see the first one's things."""
    return _person("stranger@example.com")


@pytest.fixture
def owner(db: None) -> "User":
    """Somebody who opens a shop: its first run is still to be done."""
    return _person("owner@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def operator(db: None, now: datetime) -> "User":
    """Somebody who runs the shop, whose first run is done."""
    from reseller.models import FirstRun

    FirstRun.objects.create(done_at=now)
    return _person("operator@example.com", is_staff=True, is_superuser=True)


# ── The whole shop, as real processes ──────────────────────────────────────────────────────────────
@pytest.fixture
def shop(
    transactional_db: None, _nothing_cached: None, sandbox: "Sandbox", tmp_path: Path, request: pytest.FixtureRequest
) -> "Iterator[House]":
    """Web server, worker and beat on this test's own database, broker and vendor."""
    from tests.house import House

    house = House(home=tmp_path, upstream_url=sandbox.url, upstream_key="test-key")
    try:
        house.start()
        yield house
    finally:
        house.stop()
        for name, text in house.logs().items():
            if text.strip():
                request.node.add_report_section("teardown", f"log of {name}", text[-20_000:])


# ── The browser of the journeys ────────────────────────────────────────────────────────────────────
@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium; Playwright would download one."""
    program = browser.find()
    if program is None:
        pytest.fail(browser.ADVICE)
    return {**browser_type_launch_args, "executable_path": program, "args": browser.arguments()}


@pytest.fixture
def signed_in(shop: "House", context: Any) -> Any:
    """`signed_in(user)` puts that person's session into the browser."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    def sign_in(user: "User") -> None:
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": shop.url}])

    return sign_in
