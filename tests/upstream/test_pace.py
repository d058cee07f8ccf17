"""One budget for all, and a breaker that keeps off a sick vendor: in Redis and in the database alike."""

import threading
import time

import pytest

from upstream import pace
from upstream.pace import Closed, DatabasePace, RedisPace

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["redis", "database"])
def make(request, broker, settings):
    """`make(per_second=…, concurrency=…)`: another worker's pace over the same state."""
    import redis

    def make(per_second=1000.0, concurrency=5):
        if request.param == "database":
            return DatabasePace(per_second=per_second, concurrency=concurrency)
        options = {**broker.connection_pool.connection_kwargs, "decode_responses": True}
        connection = redis.Redis(
            connection_pool=type(broker.connection_pool)(
                connection_class=broker.connection_pool.connection_class, **options
            )
        )
        return RedisPace(connection, per_second=per_second, concurrency=concurrency)

    return make


def test_calls_are_spaced_by_the_budget_that_all_share(make):
    one, other = make(per_second=20), make(per_second=20)
    started = time.monotonic()
    for worker in (one, other, one, other, one):
        worker.leave(worker.enter(lease=10))
    assert time.monotonic() - started >= 4 / 20


def test_a_budget_that_is_spent_closes_instead_of_waiting_for_long(make, monkeypatch):
    monkeypatch.setattr(pace, "MAX_WAIT", 0.05)
    worker = make(per_second=2)
    worker.enter(lease=10)
    with pytest.raises(Closed) as closed:
        worker.enter(lease=10)
    assert closed.value.retry_after >= 0.4


def test_no_more_calls_than_allowed_are_under_way(make, monkeypatch):
    monkeypatch.setattr(pace, "MAX_WAIT", 0.1)
    worker = make(concurrency=2)
    first, _second = worker.enter(lease=10), worker.enter(lease=10)
    with pytest.raises(Closed):
        make(concurrency=2).enter(lease=10)
    worker.leave(first)
    assert make(concurrency=2).enter(lease=10)


def test_a_call_whose_worker_vanished_gives_its_place_free(make, monkeypatch):
    monkeypatch.setattr(pace, "MAX_WAIT", 1.0)
    worker = make(concurrency=1)
    worker.enter(lease=0.2)
    assert worker.enter(lease=10)


def test_leaving_late_takes_no_other_callers_place(make, monkeypatch):
    monkeypatch.setattr(pace, "MAX_WAIT", 0.5)
    worker = make(concurrency=1)
    late = worker.enter(lease=0.05)
    worker.enter(lease=10)
    worker.leave(late)
    monkeypatch.setattr(pace, "MAX_WAIT", 0.1)
    with pytest.raises(Closed):
        worker.enter(lease=10)


def test_a_word_from_the_vendor_opens_the_breaker_for_everybody(make):
    make().trip("HTTP 429", 30)
    with pytest.raises(Closed) as closed:
        make().enter(lease=10)
    assert 25 < closed.value.retry_after <= 30
    weather = make().weather()
    assert (weather.open, weather.reason) == (True, "HTTP 429")


def test_a_shorter_rest_does_not_cut_a_longer_one(make):
    make().trip("key", 60)
    make().trip("429", 1)
    assert make().weather().seconds_left > 50


def test_a_streak_of_failures_opens_the_breaker_and_a_success_ends_it(make):
    worker = make()
    for _ in range(pace.STREAK - 1):
        worker.failed("HTTP 500")
    assert not worker.weather().open
    worker.succeeded()
    for _ in range(pace.STREAK - 1):
        worker.failed("HTTP 500")
    assert not worker.weather().open
    worker.failed("HTTP 500")
    assert worker.weather().open
    worker.succeeded()
    assert not worker.weather().open


def test_after_the_rest_a_single_call_tries(make, monkeypatch):
    monkeypatch.setattr(pace, "FIRST_REST", 0.1)
    worker = make()
    for _ in range(pace.STREAK):
        worker.failed("HTTP 500")
    time.sleep(0.15)
    worker.enter(lease=10)
    with pytest.raises(Closed):
        make().enter(lease=10)
    worker.succeeded()
    assert make().enter(lease=10)


def test_the_rest_doubles_up_to_a_limit():
    rests = [pace.rest_after(failures) for failures in range(pace.STREAK, pace.STREAK + 8)]
    assert rests == [5, 10, 20, 40, 80, 120, 120, 120]


def test_a_redis_that_is_away_is_a_closed_pace_and_nobody_waits_for_it(settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
    lost = pace.current_pace()
    assert isinstance(lost, RedisPace)
    started = time.monotonic()
    with pytest.raises(Closed):
        lost.enter(lease=10)
    lost.failed("x")
    lost.succeeded()
    lost.leave("x")
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("make", ["redis"], indirect=True)
def test_threads_share_the_limit(make):
    worker = make(concurrency=3)
    under_way, most = 0, 0
    lock = threading.Lock()

    def call():
        nonlocal under_way, most
        passage = worker.enter(lease=10)
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.02)
        with lock:
            under_way -= 1
        worker.leave(passage)

    threads = [threading.Thread(target=call) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most <= 3
