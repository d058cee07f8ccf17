"""One budget for all, and a breaker that keeps off a sick vendor: in Redis and in the database alike."""

import threading
import time

import pytest
from django.db import connections

from upstream import pace
from upstream.models import PaceState
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


def test_a_turn_that_a_wrong_clock_wrote_holds_nobody_up(make, broker):
    worker = make(per_second=20)
    worker.leave(worker.enter(lease=10))
    far = time.time() + 3600
    kept = PaceState.objects.update(next_at=far) or broker.exists("pace")
    assert kept, "somewhere the next turn is kept"
    broker.hset("pace", "next_at", far)
    started = time.monotonic()
    for _ in range(2):
        worker.leave(worker.enter(lease=10))
    assert 1 / 20 <= time.monotonic() - started < pace.MAX_WAIT / 2


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


def call(worker, kind="ask"):
    """A call that has begun; its caller says how it ends."""
    return worker.enter(lease=10, kind=kind)


def ended(worker, outcome, *args, kind="ask"):
    """A whole call: `succeeded`, `failed` or `trip`, with what it is told."""
    passage = call(worker, kind)
    getattr(worker, outcome)(passage, *args)
    worker.leave(passage)


def fail(worker, times=pace.STREAK, kind="ask"):
    for _ in range(times):
        ended(worker, "failed", "failing", "status: HTTP 500", kind=kind)


@pytest.fixture
def short(monkeypatch):
    """Rests that are over before anybody yawns."""
    monkeypatch.setattr(pace, "FIRST_REST", 0.2)
    monkeypatch.setattr(pace, "LONGEST_REST", 1.0)


def test_a_word_from_the_vendor_opens_the_breaker_for_everybody(make):
    ended(make(), "trip", "slow down", "HTTP 429", 30)
    for kind in ("ask", "bulk", "buy"):
        with pytest.raises(Closed) as closed:
            call(make(), kind)
        assert 25 < closed.value.retry_after <= 30
    weather = make().weather()
    assert (weather.state, weather.worst.word, weather.worst.reason) == ("open", "slow down", "HTTP 429")
    assert 0 <= time.time() - weather.since.timestamp() < 5


def test_a_call_that_was_under_way_says_nothing_about_now(make):
    worker = make()
    early, late, later = call(worker), call(worker), call(worker)
    worker.trip(early, "key", "rejected", 60)
    worker.succeeded(late)
    assert worker.weather().state == "open"
    worker.trip(later, "slow down", "429", 1)
    assert worker.weather().worst.rests > 50


def test_a_call_that_was_under_way_lengthens_the_rest_by_what_the_vendor_asks_for(make):
    worker = make()
    early, late = call(worker), call(worker)
    worker.trip(early, "slow down", "HTTP 429", 5)
    worker.trip(late, "key", "rejected", 60)
    worst = worker.weather().worst
    assert 50 < worst.rests <= 60
    assert (worst.word, worst.reason) == ("key", "rejected")


def test_failures_of_calls_that_were_under_way_do_not_lengthen_the_rest(make):
    worker = make(concurrency=20)
    passages = [call(worker) for _ in range(12)]
    for passage in passages:
        worker.failed(passage, "failing", "HTTP 500")
    assert pace.FIRST_REST - 1 < worker.weather().worst.rests <= pace.FIRST_REST


def test_a_streak_of_failures_opens_the_breaker_and_a_success_ends_it(make):
    worker = make()
    fail(worker, pace.STREAK - 1)
    assert worker.weather().state == "closed"
    ended(worker, "succeeded")
    fail(worker, pace.STREAK - 1)
    assert worker.weather().state == "closed"
    fail(worker, 1)
    assert worker.weather().state == "open"


@pytest.mark.parametrize("opening", ["streak", "trip"])
def test_after_the_rest_a_single_small_question_tries_for_everybody(make, short, opening):
    worker = make()
    if opening == "streak":
        fail(worker)
    else:
        ended(worker, "trip", "slow down", "HTTP 429", 0.2)
    time.sleep(0.25)
    assert worker.weather().state == "half-open"
    for kind in ("buy", "bulk"):
        with pytest.raises(Closed):
            call(make(), kind)
    trial = call(worker)
    for kind in ("ask", "buy", "bulk"):
        with pytest.raises(Closed) as closed:
            call(make(), kind)
        assert closed.value.retry_after <= pace.SOON
    worker.succeeded(trial)
    assert make().weather().state == "closed"
    assert call(make(), "buy")


@pytest.mark.django_db(transaction=True)
def test_of_many_that_come_at_once_exactly_one_tries(make, short):
    fail(make())
    time.sleep(0.25)
    through, refused = [], []
    start = threading.Barrier(6)

    def run():
        worker = make()
        start.wait()
        try:
            through.append(call(worker))
        except Closed:
            refused.append(1)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(through), len(refused)) == (1, 5)


def test_a_trial_that_fails_doubles_the_rest_and_keeps_when_it_began(make, short):
    worker = make()
    fail(worker)
    since = worker.weather().since
    time.sleep(0.25)
    ended(worker, "failed", "unreachable", "no connection")
    weather = worker.weather()
    assert 0.25 < weather.worst.rests <= 0.4
    assert (weather.since, weather.worst.word) == (since, "unreachable")
    time.sleep(0.45)
    ended(worker, "trip", "slow down", "429", 5)
    assert worker.weather().worst.rests > 4


def test_a_trial_whose_worker_vanished_is_tried_by_another(make, short, monkeypatch):
    monkeypatch.setattr(pace, "PROBE", 0.2)
    worker = make()
    fail(worker)
    time.sleep(0.25)
    lost = call(worker)
    time.sleep(0.25)
    other = call(make())
    worker.succeeded(lost)
    assert worker.weather().state == "half-open"
    worker.succeeded(other)
    assert worker.weather().state == "closed"


class TestAVendorThatBreaksOnPurchasesAlone:
    def test_is_sent_no_more_of_them_while_questions_flow(self, make):
        worker = make()
        for _ in range(pace.STREAK):
            fail(worker, 1, kind="buy")
            ended(worker, "succeeded")
        with pytest.raises(Closed):
            call(make(), "buy")
        weather = worker.weather()
        assert (weather.state, weather.only_purchases) == ("open", True)
        assert call(make())

    def test_gets_a_single_purchase_to_try_after_the_rest(self, make, short):
        worker = make()
        for _ in range(pace.STREAK):
            fail(worker, 1, kind="buy")
            ended(worker, "succeeded")
        time.sleep(0.25)
        trial = call(worker, "buy")
        with pytest.raises(Closed):
            call(make(), "buy")
        worker.succeeded(trial)
        assert call(make(), "buy")


class TestHowManyAreWorthBeginning:
    def test_all_while_it_is_closed(self, make):
        assert [make().weather().room(kind, 40) for kind in ("buy", "ask", "bulk")] == [40, 40, 40]

    def test_none_while_it_is_open_and_one_question_to_try(self, make, short):
        worker = make()
        fail(worker)
        assert [worker.weather().room(kind, 40) for kind in ("buy", "ask", "bulk")] == [0, 0, 0]
        time.sleep(0.25)
        assert [worker.weather().room(kind, 40) for kind in ("buy", "ask", "bulk")] == [0, 1, 0]
        call(worker)
        assert worker.weather().room("ask", 40) == 0

    def test_one_purchase_to_try_those(self, make, short):
        worker = make()
        for _ in range(pace.STREAK):
            fail(worker, 1, kind="buy")
            ended(worker, "succeeded")
        time.sleep(0.25)
        assert [worker.weather().room(kind, 40) for kind in ("buy", "ask", "bulk")] == [1, 40, 40]


def test_the_rest_doubles_up_to_a_limit():
    assert [pace.rest_after(openings) for openings in range(1, 9)] == [5, 10, 20, 40, 80, 120, 120, 120]


def test_a_redis_that_is_away_is_a_closed_pace_and_nobody_waits_for_it(settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
    lost = pace.current_pace()
    assert isinstance(lost, RedisPace)
    started = time.monotonic()
    with pytest.raises(Closed):
        lost.enter(lease=10)
    lost.failed("ask:x", "failing", "x")
    lost.succeeded("ask:x")
    lost.leave("ask:x")
    assert pace.room("ask", 10) == 0
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
