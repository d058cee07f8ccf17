"""A kept connection that has ended is seen without asking the server, which has gone perhaps."""

import time

import pytest
from django.db import connection, connections

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="PostgreSQL's own"),
]


@pytest.fixture(autouse=True)
def _anew():
    yield
    connection.close()


@pytest.fixture
def asked(monkeypatch):
    """How often the server was asked whether a connection lives."""
    from django.db.backends.postgresql.base import DatabaseWrapper

    seen = []
    usual = DatabaseWrapper.is_usable
    monkeypatch.setattr(DatabaseWrapper, "is_usable", lambda self: (seen.append(1), usual(self))[1])
    return seen


def test_one_that_lives_is_asked_every_few_seconds_alone(asked, monkeypatch):
    connection.ensure_connection()
    monkeypatch.setattr(connection, "_answered", float("-inf"))
    for _ in range(3):
        assert connection.is_usable()
    assert asked == [1]
    monkeypatch.setattr("core.postgres.base.ASK_AFTER", 0.0)
    assert connection.is_usable()
    assert asked == [1, 1]


def test_one_that_the_server_ended_is_made_anew(asked, settings):
    connection.ensure_connection()
    [[pid]] = rows("SELECT pg_backend_pid()")
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        time.sleep(0.2)
    finally:
        other.close()
    assert not connection.is_usable()
    # As at the beginning of a request.
    connection.health_check_enabled, connection.health_check_done = True, False
    [[new]] = rows("SELECT pg_backend_pid()")
    assert new != pid


def test_one_that_was_closed_is_of_no_use():
    connection.close()
    assert not connection.is_usable()
    connection.ensure_connection()
    connection.connection.close()
    assert not connection.is_usable()


def test_word_from_the_server_is_no_end(asked):
    connection.ensure_connection()
    rows("LISTEN word")
    assert connection.is_usable()
    asked.clear()
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("NOTIFY word")
        time.sleep(0.2)
    finally:
        other.close()
    assert connection.is_usable()
    assert asked == [1]


def rows(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []
