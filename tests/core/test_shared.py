"""Questions that go to Redis together, on a connection that the thread keeps."""

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


def test_a_redis_that_is_away_is_told(tmp_path):
    away = shared_redis(f"redis+socket://{tmp_path}/nobody.sock", patience=0.5)
    for _ in range(2):
        with pytest.raises(redis.ConnectionError):
            ask(away, ("GET", "a"))
