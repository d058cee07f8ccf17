"""One budget for all workers: calls per second, calls under way, and a breaker that keeps off a sick vendor.

Every process that speaks to the vendor asks here first. Where the broker is Redis the state lives there, one
Lua script a step; otherwise in the database, by conditional updates. The breaker opens on a word from the
vendor (429, rate-limit words, a rejected key) or on a streak of failures, stays open for twice as long each
time, and then lets a single call through to try.
"""

import functools
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import redis
from django.conf import settings
from django.db import DatabaseError, transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

from upstream.models import PaceSlot, PaceState

log = logging.getLogger(__name__)

# A caller waits at most this long for its turn; then its purchase waits in the database instead.
MAX_WAIT = 2.0
# Failures in a row that open the breaker, and for how long: 5 s, 10 s, 20 s … 120 s.
STREAK = 5
FIRST_REST = 5.0
LONGEST_REST = 120.0
# How long the one call after a rest may take before another may try.
PROBE = 30.0
_NAP = 0.02


class Closed(Exception):
    """No call now: the breaker is open or the budget is spent. Try again after `retry_after` seconds."""

    def __init__(self, why: str, retry_after: float) -> None:
        self.retry_after = max(retry_after, 0.5)
        super().__init__(why)


@dataclass(frozen=True)
class Weather:
    """How the pace stands, for health pages."""

    open: bool
    seconds_left: float
    failures: int
    reason: str


class Pace(Protocol):
    """What a client needs of it."""

    def enter(self, *, lease: float) -> str: ...
    def leave(self, passage: str) -> None: ...
    def succeeded(self) -> None: ...
    def failed(self, why: str) -> None: ...
    def trip(self, why: str, seconds: float) -> None: ...
    def weather(self) -> Weather: ...
    def __hash__(self) -> int: ...


def rest_after(failures: int) -> float:
    """Seconds to stay open after so many failures in a row."""
    return min(FIRST_REST * 2 ** max(failures - STREAK, 0), LONGEST_REST)


class RedisPace:
    """The state in Redis or Valkey, on its own clock."""

    _ENTER = """
        local now = redis.call('TIME'); now = now[1] + now[2] / 1e6
        local open_until = tonumber(redis.call('HGET', KEYS[1], 'open_until') or 0)
        local failures = tonumber(redis.call('HGET', KEYS[1], 'failures') or 0)
        if open_until > now then return {'closed', tostring(open_until - now)} end
        redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
        if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[2]) then return {'busy', '0'} end
        local next_at = math.max(tonumber(redis.call('HGET', KEYS[1], 'next_at') or 0), now)
        local wait = next_at - now
        if wait > tonumber(ARGV[3]) then return {'spent', tostring(wait)} end
        redis.call('HSET', KEYS[1], 'next_at', string.format('%.6f', next_at + tonumber(ARGV[1])))
        redis.call('ZADD', KEYS[2], string.format('%.6f', now + wait + tonumber(ARGV[4])), ARGV[5])
        if failures >= tonumber(ARGV[6]) then
            redis.call('HSET', KEYS[1], 'open_until', string.format('%.6f', now + wait + tonumber(ARGV[7])))
        end
        return {'go', tostring(wait)}
    """
    _TRIP = """
        local now = redis.call('TIME'); now = now[1] + now[2] / 1e6
        local open_until = tonumber(redis.call('HGET', KEYS[1], 'open_until') or 0)
        redis.call('HSET', KEYS[1], 'open_until', string.format('%.6f', math.max(open_until, now + ARGV[1])),
            'reason', ARGV[2])
    """

    def __init__(self, connection: "redis.Redis", *, per_second: float, concurrency: int, name: str = "pace") -> None:
        self._redis = connection
        self._interval = 1 / per_second
        self._concurrency = concurrency
        self._keys = [name, f"{name}:calls"]
        self._enter = connection.register_script(self._ENTER)
        self._trip = connection.register_script(self._TRIP)

    def enter(self, *, lease: float) -> str:
        """Wait for a turn and take it; raises `Closed`. `lease` is how many seconds a lost call keeps its place."""
        passage = uuid.uuid4().hex
        gives_up = time.monotonic() + MAX_WAIT
        while True:
            left = max(gives_up - time.monotonic(), 0)
            try:
                word, value = self._enter(
                    keys=self._keys,
                    args=[self._interval, self._concurrency, left, lease, passage, STREAK, PROBE],
                )
            except redis.RedisError:
                raise Closed("the shared pace can't be reached", 2.0) from None
            seconds = float(value)
            if word == "go":
                time.sleep(seconds)
                return passage
            if word == "closed":
                raise Closed("calls to the vendor are paused", seconds)
            if word == "spent" or left <= 0:
                raise Closed("too many calls are waiting", max(seconds, 1.0))
            time.sleep(_NAP)

    def leave(self, passage: str) -> None:
        """Give the place of a call free."""
        _quietly(lambda: self._redis.zrem(self._keys[1], passage))

    def succeeded(self) -> None:
        """A call went well: the streak ends and the breaker closes."""

        def write() -> None:
            if self._redis.hget(self._keys[0], "failures") not in (None, "0"):
                self._redis.hset(self._keys[0], mapping={"failures": 0, "open_until": 0, "reason": ""})

        _quietly(write)

    def failed(self, why: str) -> None:
        """A call went wrong; enough of them in a row open the breaker."""

        def write() -> None:
            failures = int(self._redis.hincrby(self._keys[0], "failures", 1))
            if failures >= STREAK:
                self.trip(why, rest_after(failures))

        _quietly(write)

    def trip(self, why: str, seconds: float) -> None:
        """Open the breaker for `seconds`."""
        _quietly(lambda: self._trip(keys=self._keys[:1], args=[seconds, why[:200]]))

    def weather(self) -> Weather:
        """How it stands; raises `redis.RedisError` when nobody can tell."""
        now = time.time()
        names = ["open_until", "failures", "reason"]
        until, failures, reason = self._redis.hmget(self._keys[0], names)
        left = max(float(until or 0) - now, 0)
        return Weather(left > 0, left, int(failures or 0), str(reason or "") if left else "")


class DatabasePace:
    """The state in two small tables, for brokers that are no Redis."""

    def __init__(self, *, per_second: float, concurrency: int, name: str = "pace") -> None:
        self._interval = 1 / per_second
        self._concurrency = concurrency
        self._name = name

    def enter(self, *, lease: float) -> str:
        """Wait for a turn and take it; raises `Closed`. `lease` is how many seconds a lost call keeps its place."""
        try:
            return self._enter(lease)
        except DatabaseError:
            raise Closed("the shared pace can't be reached", 2.0) from None

    def _enter(self, lease: float) -> str:
        gives_up = time.monotonic() + MAX_WAIT
        while True:
            left = max(gives_up - time.monotonic(), 0)
            slot = self._slot(lease)
            if slot is not None:
                try:
                    time.sleep(self._turn(left))
                except Closed:
                    self.leave(slot)
                    raise
                return slot
            if left <= 0:
                raise Closed("too many calls are waiting", 1.0)
            time.sleep(_NAP)

    def _slot(self, lease: float) -> str | None:
        now = time.time()
        for number in range(self._concurrency):
            taken = PaceSlot.objects.filter(number=number, leased_until__lt=now).update(leased_until=now + lease)
            if taken or PaceSlot.objects.get_or_create(number=number, defaults={"leased_until": now + lease})[1]:
                return f"{number}:{now + lease!r}"
        return None

    def _turn(self, left: float) -> float:
        now = time.time()
        with transaction.atomic():
            state = self._locked()
            if state.open_until > now:
                raise Closed("calls to the vendor are paused", state.open_until - now)
            wait = max(state.next_at - now, 0)
            if wait > left:
                raise Closed("too many calls are waiting", max(wait, 1.0))
            state.next_at = now + wait + self._interval
            if state.failures >= STREAK:
                state.open_until = now + wait + PROBE
            state.save()
        return wait

    def _locked(self) -> PaceState:
        PaceState.objects.get_or_create(name=self._name)
        return PaceState.objects.select_for_update().get(name=self._name)

    def leave(self, passage: str) -> None:
        """Give the place of a call free, unless its lease ran out and another has it."""
        number, until = passage.split(":")
        mine = PaceSlot.objects.filter(number=int(number), leased_until=float(until))
        _quietly(lambda: mine.update(leased_until=0))

    def succeeded(self) -> None:
        """A call went well: the streak ends and the breaker closes."""
        failing = PaceState.objects.filter(name=self._name, failures__gt=0)
        _quietly(lambda: failing.update(failures=0, open_until=0, reason=""))

    def failed(self, why: str) -> None:
        """A call went wrong; enough of them in a row open the breaker."""

        def write() -> None:
            with transaction.atomic():
                state = self._locked()
                state.failures += 1
                if state.failures >= STREAK:
                    state.open_until = max(state.open_until, time.time() + rest_after(state.failures))
                    state.reason = why[:200]
                state.save()

        _quietly(write)

    def trip(self, why: str, seconds: float) -> None:
        """Open the breaker for `seconds`."""

        def write() -> None:
            with transaction.atomic():
                state = self._locked()
                if state.open_until < time.time() + seconds:
                    state.open_until, state.reason = time.time() + seconds, why[:200]
                    state.save()

        _quietly(write)

    def weather(self) -> Weather:
        """How it stands."""
        state = PaceState.objects.filter(name=self._name).first() or PaceState(name=self._name)
        left = max(state.open_until - time.time(), 0)
        return Weather(left > 0, left, state.failures, state.reason if left else "")


def _quietly(write: Callable[[], object]) -> None:
    """A pace that can't be written to must not spoil a call that has been made."""
    try:
        write()
    except (redis.RedisError, DatabaseError) as error:
        log.warning("the shared pace can't be written to: %s", type(error).__name__)


@functools.lru_cache(maxsize=4)
def _pace(broker: str, per_second: float, concurrency: int) -> Pace:
    scheme, _, rest = broker.partition("://")
    if scheme in ("redis+socket", "unix"):
        url = f"unix://{rest}".replace("virtual_host=", "db=")
    elif scheme in ("redis", "rediss"):
        url = broker
    else:
        return DatabasePace(per_second=per_second, concurrency=concurrency)
    # No retries: a call that finds the pace away waits in the database, which costs nobody a page.
    connection = redis.Redis.from_url(
        url, socket_connect_timeout=2, socket_timeout=2, decode_responses=True, retry=Retry(NoBackoff(), 0)
    )
    return RedisPace(connection, per_second=per_second, concurrency=concurrency)


def current_pace() -> Pace:
    """The process's pace, as the settings say."""
    return _pace(
        settings.CELERY_BROKER_URL,
        settings.UPSTREAM_MAX_PER_SECOND,
        settings.UPSTREAM_MAX_CONCURRENCY,
    )
