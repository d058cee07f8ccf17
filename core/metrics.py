"""Counters and histograms of every process of the shop, summed where all of them meet.

A process counts in memory, which costs a microsecond, and adds what it has counted to the shared sums every few
seconds: in Redis where the broker is one, otherwise in a table (`core.metrics_store`). So whichever process is asked
tells what all of them did, web servers and workers on any machine, and one that is started anew takes nothing along.
What a killed process had not handed over yet is lost: seconds of counts, never money.

Names are Prometheus's: base units, `_total` for counters. Labels are words of ours, few of each: never an id, never a
text that somebody sent.
"""

import atexit
import json
import logging
import os
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.db import connections

from core import metrics_store

log = logging.getLogger(__name__)

# Seconds between two times that a process hands over what it counted.
HAND_OVER_EVERY = 5.0
# Upper ends (seconds) of what requests, calls and tasks take.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)
_SUM = "sum"

Key = tuple[str, ...]


@dataclass(frozen=True)
class Sums:
    """What one metric's labels come to: a number, or a histogram's sum and its counts for each bucket, not added up."""

    labels: tuple[str, ...]
    value: float = 0.0
    buckets: tuple[float, ...] = ()


@dataclass(frozen=True)
class Metric:
    """Something that is counted. Making one declares it: `declared` has them all."""

    name: str
    help: str
    labels: Sequence[str] = field(default=())

    def __post_init__(self) -> None:
        if self.name in declared:
            raise ValueError(f"the metric {self.name} is declared twice")
        declared[self.name] = self


declared: dict[str, Metric] = {}


class Counter(Metric):
    """Only ever grows."""

    def inc(self, *labels: str, by: float = 1.0) -> None:
        """Count."""
        _mine.add((self.name, *labels), by)


@dataclass(frozen=True)
class Histogram(Metric):
    """How often something took how long, in seconds."""

    bounds: tuple[float, ...] = SECONDS

    def observe(self, seconds: float, *labels: str) -> None:
        """Count one that took so long."""
        bucket = bisect_left(self.bounds, seconds)
        _mine.add((self.name, *labels, str(bucket)), 1.0, also=((self.name, *labels, _SUM), seconds))


class Stamp(Metric):
    """A value that somebody noted last, such as a moment."""

    def note(self, value: float, *labels: str) -> None:
        """Put it in the place of the one before."""
        _mine.put((self.name, *labels), value)


class _Mine:
    """What this process has counted and not yet handed over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handing_over = threading.Lock()
        self._added: dict[Key, float] = {}
        self._put: dict[Key, float] = {}
        self._regularly = False
        self._thread: threading.Thread | None = None
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        """A forked process begins at nothing: what its parent counted is the parent's, and so is its thread."""
        self._lock, self._handing_over = threading.Lock(), threading.Lock()
        self._added, self._put, self._thread = {}, {}, None

    def add(self, key: Key, value: float, *, also: tuple[Key, float] | None = None) -> None:
        with self._lock:
            self._added[key] = self._added.get(key, 0.0) + value
            if also is not None:
                self._added[also[0]] = self._added.get(also[0], 0.0) + also[1]
        self._start()

    def put(self, key: Key, value: float) -> None:
        with self._lock:
            self._put[key] = value
        self._start()

    def regularly(self) -> None:
        self._regularly = True

    def _start(self) -> None:
        # Only now, and not when the code is loaded: a thread does not outlive the fork that follows.
        if self._regularly and self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(HAND_OVER_EVERY)
            try:
                self.hand_over()
            finally:
                connections.close_all()  # the thread's own, which nobody else closes

    def hand_over(self) -> None:
        with self._handing_over:
            with self._lock:
                added, self._added = self._added, {}
                put, self._put = self._put, {}
            if not added and not put:
                return
            try:
                metrics_store.add(
                    {json.dumps(key): value for key, value in added.items()},
                    put={json.dumps(key): value for key, value in put.items()},
                )
            except metrics_store.Away as error:
                log.debug("counts are kept until the store is back: %s", error)
                with self._lock:
                    for key, value in added.items():
                        self._added[key] = self._added.get(key, 0.0) + value
                    self._put = {**put, **self._put}


_mine = _Mine()


def hand_over_regularly() -> None:
    """This process lives long: from its first count on, hand over what it counts every few seconds, and at its end."""
    _mine.regularly()
    atexit.register(hand_over)


def hand_over() -> None:
    """Hand over what this process has counted, now. A store that is away gets it later."""
    _mine.hand_over()


def sums() -> dict[str, list[Sums]]:
    """What all processes have handed over, by metric; each declared one is there. Raises `metrics_store.Away`."""
    plain: dict[str, dict[Key, float]] = {name: {} for name in declared}
    buckets: dict[str, dict[Key, list[float]]] = {}
    for (name, *rest), value in _read():
        metric = declared.get(name)
        wanted = len(metric.labels) + isinstance(metric, Histogram) if metric else -1
        if metric is None or len(rest) != wanted:
            continue  # of another release
        if not isinstance(metric, Histogram):
            plain[name][tuple(rest)] = value
            continue
        *labels, slot = rest
        counts = buckets.setdefault(name, {}).setdefault(tuple(labels), [0.0] * (len(metric.bounds) + 1))
        if slot == _SUM:
            plain[name][tuple(labels)] = value
        elif int(slot) < len(counts):
            counts[int(slot)] = value
    return {
        name: [
            Sums(labels, plain[name].get(labels, 0.0), tuple(buckets.get(name, {}).get(labels, ())))
            for labels in sorted(plain[name].keys() | buckets.get(name, {}).keys())
        ]
        for name in declared
    }


def _read() -> Iterator[tuple[list[str], float]]:
    for key, value in metrics_store.read().items():
        yield json.loads(key), value
