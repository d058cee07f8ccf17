"""Questions that go to Redis together, on a connection that the thread keeps."""

import threading

import pytest
import redis
from django.conf import settings

from core.shared import ask, shared_redis

pytestmark = pytest.mark.usefixtures("broker")


@pytest.fixture
def client():
    found = shared_redis(settings.CELERY_BROKER_URL, patience=2.0)
    assert found is not None
    return found


def test_answers_come_in_the_order_of_the_questions(client):
    assert ask(client, ("SET", "a", 1), ("INCR", "a"), ("GET", "a")) == [b"OK", 2, b"2"]


def test_a_refusal_shifts_no_later_answer(client):
    with pytest.raises(redis.ResponseError, match="wrong kind"):
        ask(client, ("SET", "a", 1), ("LPUSH", "a", 1), ("GET", "a"))
    assert ask(client, ("GET", "a")) == [b"1"]


def test_a_connection_that_ended_meanwhile_is_made_again(client):
    [own] = ask(client, ("CLIENT", "ID"))
    assert ask(client, ("CLIENT", "ID")) == [own], "it is kept"
    client.client_kill_filter(_id=own)
    [other] = ask(client, ("CLIENT", "ID"))
    assert other != own


def test_a_redis_that_is_away_is_told_and_found_again_when_it_is_back(client, tmp_path):
    where = tmp_path / "valkey.sock"
    away = shared_redis(f"redis+socket://{where}", patience=0.5)
    for _ in range(150):
        with pytest.raises(redis.ConnectionError, match="No such file"):
            ask(away, ("PING",))
    where.symlink_to(client.connection_pool.connection_kwargs["path"])
    assert ask(away, ("PING",)) == [b"PONG"]
    assert away.ping()


def test_threads_come_and_go(client):
    answers = []
    for _ in range(150):
        thread = threading.Thread(target=lambda: answers.append(ask(client, ("PING",))))
        thread.start()
        thread.join()
    assert answers == [[b"PONG"]] * 150


def test_a_question_that_is_broken_off_leaves_no_answer_for_the_next(client, monkeypatch):
    [own] = ask(client, ("CLIENT", "ID"))
    read = redis.UnixDomainSocketConnection.read_response
    seen = []

    def interrupted(self, *given, **more):
        if seen:
            raise KeyboardInterrupt
        seen.append(1)
        return read(self, *given, **more)

    monkeypatch.setattr(redis.UnixDomainSocketConnection, "read_response", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ask(client, ("SET", "a", 1), ("GET", "a"))
    monkeypatch.undo()
    assert ask(client, ("ECHO", "mine")) == [b"mine"]
    assert ask(client, ("CLIENT", "ID")) != [own]
