"""The log of calls is written by a thread of its own, a moment after the answers."""

import threading
import time

import pytest
from django.db import OperationalError

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
    calls.write_out()  # waits until the thread is through
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


def test_a_database_that_is_away_is_tried_once_and_told_of_once(key, now, monkeypatch, caplog):
    tried = []

    def away(some):
        tried.append(len(some))
        raise OperationalError("the database is away")

    monkeypatch.setattr(calls, "wake", lambda: None)
    monkeypatch.setattr(calls, "_write", away)
    for number in range(5):
        note(key, str(number), now)
    calls.write_out()
    assert tried == [5]
    assert caplog.text.count("not noted") == 1


def test_a_process_that_ends_waits_for_what_its_thread_has_taken(key, now, monkeypatch):
    taken, go_on, wrote = threading.Event(), threading.Event(), []

    def slowly(some):
        taken.set()
        go_on.wait(10)
        wrote.extend(some)

    monkeypatch.setattr(calls, "wake", lambda: None)
    monkeypatch.setattr(calls, "_write", slowly)
    note(key, "one", now)
    thread = threading.Thread(target=calls.write_out)
    thread.start()
    assert taken.wait(10)
    ends = threading.Thread(target=calls.write_out)
    ends.start()
    ends.join(0.1)
    assert ends.is_alive()
    go_on.set()
    ends.join(10)
    thread.join(10)
    assert len(wrote) == 1
