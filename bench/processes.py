"""Several processes that do the same work at once, as the shop's web servers and workers do.

They are started and set up before anything is measured, and told what to do by a function of a module and its
arguments; each answers with what it returned. Every process has its number, so that they can share the work out.
"""

import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from typing import Any

Work = Callable[..., Any]


class Process:
    """One of them: `tell` it what to do, then `hear` what came of it."""

    def __init__(self, number: int, environment: Mapping[str, str]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, dict(environment)), name=f"bench-{number}")
        self._process.start()
        theirs.close()

    def tell(self, work: Work, *given: Any, **named: Any) -> None:
        self._pipe.send((work, given, named))

    def hear(self) -> Any:
        """What the work returned. Raises what it raised, as text."""
        error, result = self._pipe.recv()
        if error:
            raise RuntimeError(f"{self._process.name}: {error}")
        return result

    def do(self, work: Work, *given: Any, **named: Any) -> Any:
        self.tell(work, *given, **named)
        return self.hear()

    def end(self) -> None:
        self._pipe.close()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


@contextlib.contextmanager
def processes(count: int, environment: Mapping[str, str] | None = None) -> Iterator[list[Process]]:
    """So many processes with Django set up, in this one's environment and `environment`; gone afterwards."""
    started: list[Process] = []
    try:
        started.extend(Process(number, environment or {}) for number in range(count))
        yield started
    finally:
        for each in started:
            each.end()


def together(those: list[Process], work: Work, *given: Any, **named: Any) -> list[Any]:
    """All of them do `work` at once, each with its place among them first."""
    for place, each in enumerate(those):
        each.tell(work, place, *given, **named)
    return [each.hear() for each in those]


def rate(those: list[Process], work: Work, *given: Any, seconds: float, **named: Any) -> float:
    """How many a second all of them did; `work` gets a `seconds` and returns how many it did and how long it took."""
    return sum(done / took for done, took in together(those, work, *given, seconds=seconds, **named))


def _serve(pipe: Connection, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    import django

    django.setup()
    while True:
        try:
            work, given, named = pipe.recv()
        except (EOFError, OSError, KeyboardInterrupt):
            return
        try:
            pipe.send((None, work(*given, **named)))
        except Exception as error:  # told to who asked
            pipe.send((f"{type(error).__name__}: {error}", None))


def until(seconds: float) -> Callable[[], bool]:
    """Whether there is still time, `seconds` from now on."""
    ends = time.monotonic() + seconds
    return lambda: time.monotonic() < ends
