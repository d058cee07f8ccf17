"""Run a module with a clock of its own: `python -m tests.faults.storm.clock FILE MODULE ARGUMENTS…`.

FILE holds the seconds by which this process's clock differs from the machine's; a change is taken up within a
moment, in forked children too. Wall time alone is moved (`time.time`, `datetime.now` and their kin, below the code
of the shop, which knows nothing of it); the monotonic clock runs on, as it does when a real clock is stepped.
"""

import contextlib
import os
import runpy
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import time_machine

LOOK_EVERY = 0.1
EXACT = 0.05  # seconds


class Clock:
    """Keeps this process's clock as far from the machine's as the file says."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._moved: Any = time_machine.travel(datetime.now(UTC), tick=True).start()
        self._set()
        self._watch()
        # Threads don't survive a fork: a web server's children watch for themselves.
        os.register_at_fork(after_in_child=self._watch)

    def _watch(self) -> None:
        threading.Thread(target=self._follow, name="clock", daemon=True).start()

    def _follow(self) -> None:
        while True:
            time.sleep(LOOK_EVERY)
            self._set()

    def _set(self) -> None:
        """Compared with the true time, and not reckoned: on a busy machine seconds pass in between."""
        with contextlib.suppress(OSError, ValueError):
            wanted = float(self._file.read_text())
            off = time.time() - time_machine.escape_hatch.time.time()
            if abs(wanted - off) > EXACT:
                self._moved.shift(wanted - off)


def command(file: Path, command: list[str]) -> list[str]:
    """A `python -m MODULE …` that runs by the clock in `file`."""
    python, flag, *rest = command
    if flag != "-m":
        raise ValueError(f"only a module can be run by another clock, not {command}")
    return [python, "-m", "tests.faults.storm.clock", str(file), *rest]


def step(file: Path, seconds: float) -> None:
    """Set the offset in `file`; whole at every moment, since the process may look at any."""
    fresh = file.with_suffix(".new")
    fresh.write_text(repr(seconds))
    fresh.replace(file)


def main() -> None:
    Clock(Path(sys.argv[1]))
    module = sys.argv[2]
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
