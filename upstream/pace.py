"""One budget for all workers: calls per second, calls under way, and a breaker that keeps off a sick vendor.

Every process that speaks to the vendor asks here first. Where the broker is Redis the state lives there, one
Lua script a step; otherwise in the database, under a row's lock.

The breaker has two gates. `all` is before every call: it opens on a word from the vendor (429, rate-limit words, a
rejected key) or on a streak of failures. `buy` is before purchases alone, so that a vendor that still answers
questions but breaks on purchases is not sent one after the other into doubt. An open gate rests, twice as long each
time a trial fails, and then lets exactly one call through to try, whichever process has it. Past `all` that is a
small question, never a purchase and never a whole catalogue. Only the trial's outcome moves an open gate: calls that
were under way when it opened say nothing about now.
"""

import functools
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

import redis
from django.conf import settings
from django.db import DatabaseError, transaction

from core.shared import shared_redis
from upstream.models import PaceSlot, PaceState

log = logging.getLogger(__name__)

# A caller waits at most this long for its turn; then its purchase waits in the database instead.
MAX_WAIT = 2.0
# Failures in a row that open a gate, and for how long: 5 s, 10 s, 20 s … 120 s.
STREAK = 5
FIRST_REST = 5.0
LONGEST_REST = 120.0
# The longest rest that the vendor may ask for (`Retry-After`); what is longer was written by another clock.
LONGEST_ASKED = 300.0
# How long the one call after a rest may take before another may try.
PROBE = 30.0
# When to look again while another call tries.
SOON = 1.0
_NAP = 0.02

# A purchase, a small question, or a whole list.
Kind = Literal["buy", "ask", "bulk"]
_GATES: dict[str, tuple[str, ...]] = {"buy": ("all", "buy"), "ask": ("all",), "bulk": ("all",)}
# Which kind of call tries a gate after its rest.
_TRIES = {"all": "ask", "buy": "buy"}


class Closed(Exception):
    """No call now: the breaker is open or the budget is spent. Try again after `retry_after` seconds."""

    def __init__(self, why: str, retry_after: float) -> None:
        self.retry_after = max(retry_after, 0.5)
        super().__init__(why)


@dataclass(frozen=True)
class Gate:
    """How one gate stands. Times are seconds; `since` is the epoch's, 0 while it is closed."""

    since: float = 0.0
    rests: float = 0.0
    tried_for: float = 0.0
    failures: int = 0
    word: str = ""
    reason: str = ""

    @property
    def state(self) -> str:
        """`closed` (calls flow), `open` (it rests) or `half-open` (one call tries, or may)."""
        if not self.since:
            return "closed"
        return "open" if self.rests > 0 else "half-open"


@dataclass(frozen=True)
class Weather:
    """How the pace stands as a whole, for health pages and sweeps."""

    all: Gate
    buy: Gate
    # Calls under way in all processes.
    calls: int = 0

    @property
    def worst(self) -> Gate:
        """The gate that keeps the most off."""
        return self.all if self.all.since else self.buy

    @property
    def state(self) -> str:
        """`closed`, `open` or `half-open`."""
        return self.worst.state

    @property
    def only_purchases(self) -> bool:
        """Questions flow, purchases don't."""
        return bool(self.buy.since and not self.all.since)

    @property
    def since(self) -> datetime | None:
        """When it opened; None while it is closed."""
        opened = min((gate.since for gate in (self.all, self.buy) if gate.since), default=0.0)
        return datetime.fromtimestamp(opened, UTC) if opened else None

    def room(self, kind: Kind, limit: int) -> int:
        """How many calls of the kind are worth beginning now, at most `limit`: all, the one that tries, or none."""
        for name in _GATES[kind]:
            gate: Gate = getattr(self, name)
            if not gate.since:
                continue
            if gate.rests > 0 or gate.tried_for > 0 or _TRIES[name] != kind:
                return 0
            limit = min(limit, 1)
        return limit


class Pace(Protocol):
    """What a client needs of it. A passage is what `enter` gave; each ends in one outcome and `leave`."""

    def enter(self, *, lease: float, kind: Kind = "ask") -> str: ...
    def leave(self, passage: str) -> None: ...
    def succeeded(self, passage: str) -> None: ...
    def failed(self, passage: str, word: str, why: str) -> None: ...
    def trip(self, passage: str, word: str, why: str, seconds: float) -> None: ...
    def weather(self) -> Weather: ...
    @property
    def redis(self) -> "redis.Redis | None":
        """Where its state lives, if that is Redis."""

    def __hash__(self) -> int: ...


def rest_after(openings: int) -> float:
    """Seconds a gate rests when it has opened so many times without a success in between."""
    return min(FIRST_REST * 2 ** min(max(openings - 1, 0), 20), LONGEST_REST)


class RedisPace:
    """The state in Redis or Valkey, on its own clock."""

    # KEYS: the pace, its calls. ARGV: interval, concurrency, patience, lease, passage, probe, soon, then the gates.
    # A gate that this kind of call may try is marked with a `!`.
    _ENTER = """
        local now = redis.call('TIME'); now = now[1] + now[2] / 1e6
        local function get(name) return tonumber(redis.call('HGET', KEYS[1], name) or 0) or 0 end
        local tries = {}
        for n = 8, #ARGV do
            local gate = string.gsub(ARGV[n], '!', '')
            if get(gate .. '.since') > 0 then
                local rests = get(gate .. '.until') - now
                if rests > LONGEST_ASKED then
                    -- The clock was set back.
                    rests = LONGEST_ASKED
                    redis.call('HSET', KEYS[1], gate .. '.until', string.format('%.6f', now + rests))
                end
                if rests > 0 then return {'closed', tostring(rests)} end
                local tried = get(gate .. '.tried')
                local is_tried = tried > now and tried < now + ARGV[6] + MAX_WAIT + 1
                if gate == ARGV[n] or is_tried then return {'closed', ARGV[7]} end
                table.insert(tries, gate)
            end
        end
        redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
        if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[2]) then return {'busy', '0'} end
        local next_at = math.max(get('next_at'), now)
        -- Nobody takes a turn so far ahead: the clock was set back.
        if next_at > now + MAX_WAIT + 2 * ARGV[1] then next_at = now end
        local wait = next_at - now
        if wait > tonumber(ARGV[3]) then return {'spent', tostring(wait)} end
        redis.call('HSET', KEYS[1], 'next_at', string.format('%.6f', next_at + tonumber(ARGV[1])))
        redis.call('ZADD', KEYS[2], string.format('%.6f', now + wait + tonumber(ARGV[4])), ARGV[5])
        for _, gate in ipairs(tries) do
            redis.call('HSET', KEYS[1], gate .. '.probe', ARGV[5],
                gate .. '.tried', string.format('%.6f', now + wait + tonumber(ARGV[6])))
        end
        return {'go', tostring(wait)}
    """
    # ARGV: passage, outcome (well, failed, trip), seconds, streak, first rest, longest rest, word, why, then the gates.
    _ENDED = """
        local now = redis.call('TIME'); now = now[1] + now[2] / 1e6
        local key, passage, outcome, seconds = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
        local function get(name) return tonumber(redis.call('HGET', key, name) or 0) or 0 end
        local function open(gate, rest)
            redis.call('HSET', key, gate .. '.until', string.format('%.6f', now + rest), gate .. '.probe', '',
                gate .. '.tried', '0', gate .. '.word', ARGV[7], gate .. '.why', ARGV[8])
        end
        for n = 9, #ARGV do
            local gate = ARGV[n]
            local is_open = get(gate .. '.since') > 0
            local tried = is_open and redis.call('HGET', key, gate .. '.probe') == passage
            if outcome == 'well' then
                if tried then
                    redis.call('HDEL', key, gate .. '.since', gate .. '.until', gate .. '.failures',
                        gate .. '.openings', gate .. '.probe', gate .. '.tried', gate .. '.word', gate .. '.why')
                elseif not is_open and get(gate .. '.failures') > 0 then
                    redis.call('HDEL', key, gate .. '.failures')
                end
            elseif not is_open then
                local failures = redis.call('HINCRBY', key, gate .. '.failures', 1)
                if outcome == 'trip' or failures >= tonumber(ARGV[4]) then
                    redis.call('HSET', key, gate .. '.since', string.format('%.6f', now), gate .. '.openings', '1')
                    open(gate, outcome == 'trip' and seconds or tonumber(ARGV[5]))
                end
            elseif tried then
                redis.call('HINCRBY', key, gate .. '.failures', 1)
                local openings = redis.call('HINCRBY', key, gate .. '.openings', 1)
                local rest = math.min(tonumber(ARGV[5]) * 2 ^ math.min(openings - 1, 20), tonumber(ARGV[6]))
                open(gate, math.max(rest, seconds))
            elseif outcome == 'trip' and now + seconds > get(gate .. '.until') then
                open(gate, seconds)
            end
        end
    """
    _LOOK = """
        local now = redis.call('TIME'); now = now[1] + now[2] / 1e6
        local found = {}
        for n = 1, #ARGV do
            local names = {'since', 'until', 'tried', 'failures', 'word', 'why'}
            for m, name in ipairs(names) do
                local value = redis.call('HGET', KEYS[1], ARGV[n] .. '.' .. name) or ''
                if m == 2 or m == 3 then value = tostring(math.max((tonumber(value) or 0) - now, 0)) end
                table.insert(found, value)
            end
        end
        table.insert(found, redis.call('ZCOUNT', KEYS[2], string.format('(%.6f', now), '+inf'))
        return found
    """

    def __init__(self, connection: "redis.Redis", *, per_second: float, concurrency: int, name: str = "pace") -> None:
        self.redis = connection
        self._interval = 1 / per_second
        self._concurrency = concurrency
        self._keys = [name, f"{name}:calls"]
        self._enter = connection.register_script(
            self._ENTER.replace("MAX_WAIT", str(MAX_WAIT)).replace("LONGEST_ASKED", str(LONGEST_ASKED))
        )
        self._ended = connection.register_script(self._ENDED)
        self._look = connection.register_script(self._LOOK)

    def enter(self, *, lease: float, kind: Kind = "ask") -> str:
        """Wait for a turn and take it; raises `Closed`. `lease` is how many seconds a lost call keeps its place."""
        passage = f"{kind}:{uuid.uuid4().hex}"
        gates = [f"{gate}!" if _TRIES[gate] == kind else gate for gate in _GATES[kind]]
        gives_up = time.monotonic() + MAX_WAIT
        while True:
            left = max(gives_up - time.monotonic(), 0)
            try:
                word, value = self._enter(
                    keys=self._keys,
                    args=[self._interval, self._concurrency, left, lease, passage, PROBE, SOON, *gates],
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
        _quietly(lambda: self.redis.zrem(self._keys[1], passage))

    def succeeded(self, passage: str) -> None:
        """A call went well: the streak ends, and a gate that it tried closes."""
        self._end(passage, "well")

    def failed(self, passage: str, word: str, why: str) -> None:
        """A call went wrong, `word` saying how: enough of them in a row open the gates it passed."""
        self._end(passage, "failed", word=word, why=why)

    def trip(self, passage: str, word: str, why: str, seconds: float) -> None:
        """The vendor wants no calls at all: everything rests for `seconds`, or longer if it was asked to before."""
        self._end(passage, "trip", word=word, why=why, seconds=seconds)

    def _end(self, passage: str, outcome: str, *, word: str = "", why: str = "", seconds: float = 0.0) -> None:
        args: list[Any] = [passage, outcome, seconds, STREAK, FIRST_REST, LONGEST_REST, word, why[:200]]
        _quietly(lambda: self._ended(keys=self._keys[:1], args=[*args, *_touched(passage, outcome)]))

    def weather(self) -> Weather:
        """How it stands; raises `redis.RedisError` when nobody can tell."""
        told = self._look(keys=self._keys, args=["all", "buy"])
        return Weather(_told(told[:6]), _told(told[6:12]), int(told[12]))


def _told(values: list[str]) -> Gate:
    since, rests, tried_for, failures, word, why = values
    if not float(since or 0):
        return Gate(failures=int(failures or 0))
    return Gate(float(since), float(rests), float(tried_for), int(failures or 0), word, why)


def _touched(passage: str, outcome: str) -> tuple[str, ...]:
    """The gates that an outcome is about: a vendor that asks for rest asks everybody."""
    return ("all",) if outcome == "trip" else _GATES[passage.partition(":")[0]]


class DatabasePace:
    """The state in two small tables, for brokers that are no Redis."""

    redis = None

    def __init__(self, *, per_second: float, concurrency: int, name: str = "pace") -> None:
        self._interval = 1 / per_second
        self._concurrency = concurrency
        self._name = name

    def enter(self, *, lease: float, kind: Kind = "ask") -> str:
        """Wait for a turn and take it; raises `Closed`. `lease` is how many seconds a lost call keeps its place."""
        try:
            return self._enter(lease, kind)
        except DatabaseError:
            raise Closed("the shared pace can't be reached", 2.0) from None

    def _enter(self, lease: float, kind: Kind) -> str:
        gives_up = time.monotonic() + MAX_WAIT
        while True:
            left = max(gives_up - time.monotonic(), 0)
            slot = self._slot(lease)
            if slot is not None:
                passage = f"{kind}:{slot}"
                try:
                    time.sleep(self._turn(left, kind, passage))
                except Closed:
                    self.leave(passage)
                    raise
                return passage
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

    def _turn(self, left: float, kind: Kind, passage: str) -> float:
        now = time.time()
        with transaction.atomic():
            states = self._locked(_GATES[kind])
            tries = [gate for gate, state in states.items() if state.opened_at]
            for gate in tries:
                state = states[gate]
                state.open_until = min(state.open_until, now + LONGEST_ASKED)
                if state.open_until > now:
                    raise Closed("calls to the vendor are paused", state.open_until - now)
                if _TRIES[gate] != kind or now < state.tried_until < now + PROBE + MAX_WAIT + 1:
                    raise Closed("calls to the vendor are paused", SOON)
            budget = states["all"]
            wait = max(budget.next_at - now, 0)
            if wait > MAX_WAIT + 2 * self._interval:
                wait = 0.0  # nobody takes a turn so far ahead: a clock that goes wrong wrote it
            if wait > left:
                raise Closed("too many calls are waiting", max(wait, 1.0))
            budget.next_at = now + wait + self._interval
            for gate in tries:
                states[gate].probe, states[gate].tried_until = passage, now + wait + PROBE
            for gate in {"all", *tries}:
                states[gate].save()
        return wait

    def _row(self, gate: str) -> str:
        """The gate `all` and the budget are one row, since every call goes through both."""
        return self._name if gate == "all" else f"{self._name}:{gate}"

    def _locked(self, gates: tuple[str, ...]) -> dict[str, PaceState]:
        """The gates' rows, locked; always in one order, so that nobody waits for another in a circle."""
        rows = {}
        for gate in gates:
            PaceState.objects.get_or_create(name=self._row(gate))
            rows[gate] = PaceState.objects.select_for_update().get(name=self._row(gate))
        return rows

    def leave(self, passage: str) -> None:
        """Give the place of a call free, unless its lease ran out and another has it."""
        _kind, number, until = passage.split(":")
        mine = PaceSlot.objects.filter(number=int(number), leased_until=float(until))
        _quietly(lambda: mine.update(leased_until=0))

    def succeeded(self, passage: str) -> None:
        """A call went well: the streak ends, and a gate that it tried closes."""

        def write() -> None:
            names = [self._row(gate) for gate in _touched(passage, "well")]
            streaks = PaceState.objects.filter(name__in=names, failures__gt=0)
            streaks.filter(opened_at=0).update(failures=0)
            streaks.exclude(opened_at=0).filter(probe=passage).update(
                failures=0, openings=0, opened_at=0, open_until=0, tried_until=0, probe="", word="", reason=""
            )

        _quietly(write)

    def failed(self, passage: str, word: str, why: str) -> None:
        """A call went wrong, `word` saying how: enough of them in a row open the gates it passed."""
        self._end(passage, "failed", word, why, 0.0)

    def trip(self, passage: str, word: str, why: str, seconds: float) -> None:
        """The vendor wants no calls at all: everything rests for `seconds`, or longer if it was asked to before."""
        self._end(passage, "trip", word, why, seconds)

    def _end(self, passage: str, outcome: str, word: str, why: str, seconds: float) -> None:
        def write() -> None:
            with transaction.atomic():
                for state in self._locked(_touched(passage, outcome)).values():
                    _worsen(state, passage, outcome, word, why, seconds)
                    state.save()

        _quietly(write)

    def weather(self) -> Weather:
        """How it stands."""
        now = time.time()
        names = [self._row(gate) for gate in ("all", "buy")]
        rows = PaceState.objects.in_bulk(names)
        calls = PaceSlot.objects.filter(leased_until__gt=now).count()
        all_calls, buy = (_read(rows.get(name) or PaceState(name=name), now) for name in names)
        return Weather(all_calls, buy, calls)


def _worsen(state: PaceState, passage: str, outcome: str, word: str, why: str, seconds: float) -> None:
    """What a failure does to a gate; the same as `RedisPace._ENDED` says in Lua."""
    now = time.time()
    trip = outcome == "trip"
    rest: float | None = None
    if not state.opened_at:
        state.failures += 1
        if trip or state.failures >= STREAK:
            state.opened_at, state.openings = now, 1
            rest = seconds if trip else FIRST_REST
    elif state.probe == passage:
        state.failures += 1
        state.openings += 1
        rest = max(rest_after(state.openings), seconds)
    elif trip and now + seconds > state.open_until:
        rest = seconds
    if rest is not None:
        state.open_until, state.tried_until, state.probe = now + rest, 0, ""
        state.word, state.reason = word, why[:200]


def _read(state: PaceState, now: float) -> Gate:
    if not state.opened_at:
        return Gate(failures=state.failures)
    rests, tried_for = max(state.open_until - now, 0), max(state.tried_until - now, 0)
    return Gate(state.opened_at, rests, tried_for, state.failures, state.word, state.reason)


def _quietly(write: Callable[[], object]) -> None:
    """A pace that can't be written to must not spoil a call that has been made."""
    try:
        write()
    except (redis.RedisError, DatabaseError) as error:
        log.warning("the shared pace can't be written to: %s", type(error).__name__)


@functools.lru_cache(maxsize=4)
def _pace(broker: str, per_second: float, concurrency: int) -> Pace:
    # No retries: a call that finds the pace away waits in the database, which costs nobody a page.
    connection = shared_redis(broker, patience=2, decode=True)
    if connection is None:
        return DatabasePace(per_second=per_second, concurrency=concurrency)
    return RedisPace(connection, per_second=per_second, concurrency=concurrency)


def current_pace() -> Pace:
    """The process's pace, as the settings say."""
    return _pace(
        settings.CELERY_BROKER_URL,
        settings.UPSTREAM_MAX_PER_SECOND,
        settings.UPSTREAM_MAX_CONCURRENCY,
    )


def room(kind: Kind, limit: int) -> int:
    """How many calls of the kind a sweep should begin now; none while nobody can tell, since none would go out."""
    try:
        return current_pace().weather().room(kind, limit)
    except (redis.RedisError, DatabaseError):
        return 0
