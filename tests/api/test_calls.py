"""The log of calls is written by a thread of its own, a moment after the answers."""

import threading
import time

import pytest

from accounts.models import User
from api import calls, keys
from api.models import Call, Key

# The thread has a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def key(now):
    return keys.make(customer=User.objects.create_user("robot@example.com"), name="robot", now=now)[0]


@pytest.fixture(autouse=True)
def _the_thread_writes(monkeypatch, calls_are_noted_at_once):
    monkeypatch.undo()
    monkeypatch.setattr(calls, "GATHER", 0.1)
    yield
    # It sleeps, or has just begun: what it would still write is not the next test's.
    calls.write_out()


def note(key, action, now):
    calls.note(key=key, action=action, outcome="", milliseconds=1, address=None, now=now)


def written(number, seconds=10.0):
    ends = time.monotonic() + seconds
    while Call.objects.count() < number and time.monotonic() < ends:
        time.sleep(0.02)
    return list(Call.objects.order_by("pk").values_list("action", flat=True))


def test_what_came_is_written_after_a_moment_and_the_keys_last_use_with_it(key, now):
    for number in range(50):
        note(key, str(number), now)
    assert written(50) == [str(number) for number in range(50)]
    assert Key.objects.get().last_used_at == now
    assert [thread.name for thread in threading.enumerate()].count("calls") == 1
    note(key, "later", now)
    assert written(51)[-1] == "later"


def test_a_key_that_has_gone_spoils_no_other_call(key, now, monkeypatch, caplog):
    monkeypatch.setattr(calls, "wake", lambda: None)
    note(key, "one", now)
    note(Key(pk=key.pk + 1000, customer=key.customer), "lost", now)
    note(key, "two", now)
    calls.write_out()
    assert list(Call.objects.order_by("pk").values_list("action", flat=True)) == ["one", "two"]
    assert f"a call of key {key.pk + 1000} was not noted: IntegrityError" in caplog.text


def test_what_comes_while_nothing_can_be_written_is_bounded(key, now, monkeypatch):
    monkeypatch.setattr(calls, "wake", lambda: None)
    monkeypatch.setattr(calls, "MOST", 3)
    for number in range(5):
        note(key, str(number), now)
    calls.write_out()
    assert list(Call.objects.order_by("pk").values_list("action", flat=True)) == ["0", "1", "2"]
