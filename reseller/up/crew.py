"""Keeps a crew of processes running and brings their output into one log."""

import contextlib
import os
import selectors
import signal
import subprocess  # nosec B404 - starts the shop's parts
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from reseller.up import guard

# A process that dies is started again after 1, 2, 4 … 30 seconds; one that lived for a minute starts afresh.
FIRST_REST = 1.0
LONGEST_REST = 30.0
SETTLED_AFTER = 60.0
KEPT_LINES = 20
LONGEST_LINE = 20_000
COLOURS = {"web": 36, "worker": 32, "beat": 35, "sandbox": 33, "broker": 34, "sync": 35, "shop": 1}


class Log:
    """Lines with the name of who said them, in colour on a terminal."""

    def __init__(self) -> None:
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.broken = False

    def line(self, name: str, text: str) -> None:
        """One line; once nobody reads any more, none. What is one JSON object stays one."""
        if text.startswith("{") and text.endswith("}"):
            self.plain(text)
            return
        label = f"{name:<7}"
        if self.colour:
            label = f"\033[{COLOURS.get(name, 0)}m{label}\033[0m"
        self.plain(f"{label} {text}")

    def plain(self, text: str) -> None:
        """Text as it is."""
        try:
            print(text, flush=True)
        except OSError:
            self.broken = True


@dataclass
class Part:
    """One process that should run."""

    name: str
    command: list[str]
    # How long it may take to end by itself once asked, in seconds.
    patience: float = 10.0
    # A quiet part is heard only when it dies.
    quiet: bool = False
    # Runs once: its end is no accident, and `ended` gets its exit code and last lines.
    ended: Callable[[int, list[str]], None] | None = None
    process: "subprocess.Popen[bytes] | None" = None
    output: int = -1
    began: float = 0.0
    deaths: int = 0
    again_at: float | None = None
    pending: bytes = b""
    lines: "deque[str]" = field(default_factory=lambda: deque(maxlen=KEPT_LINES))


class Crew:
    """Starts parts under guards, starts them again when they die, and stops them all.

    The guards hold the reading end of our lifeline; that we are gone, even by SIGKILL, they see at its end.
    """

    def __init__(self, *, log: Log, root: Path, lock: int) -> None:
        self.log = log
        self.parts: list[Part] = []
        self._root = root
        # A file descriptor that every guard holds until its part has ended, whoever is still there to see it.
        self._lock = lock
        self._lifeline, self._held = os.pipe()
        self._selector = selectors.DefaultSelector()
        # A signal must end the wait for output.
        self._wake, waker = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        self._selector.register(self._wake, selectors.EVENT_READ, None)

    def start(self, part: Part) -> None:
        """Start a part and keep it running."""
        if part not in self.parts:
            self.parts.append(part)
        part.again_at = None
        part.began = time.monotonic()
        part.output, theirs = os.pipe()
        os.set_blocking(part.output, False)
        part.process = subprocess.Popen(  # noqa: S603  # nosec B603 - a list of our own words, no shell
            [sys.executable, "-I", "-S", guard.__file__, str(self._lifeline), *part.command],
            cwd=self._root,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=subprocess.STDOUT,
            pass_fds=[self._lifeline, self._lock],
            start_new_session=True,
        )
        os.close(theirs)
        self._selector.register(part.output, selectors.EVENT_READ, part)

    def tend(self, seconds: float) -> None:
        """Pass output on for at most `seconds`, then look after the dead."""
        self._listen(seconds)
        for part in list(self.parts):
            if part.process is not None and part.process.poll() is not None:
                self._bury(part, part.process)
            elif part.again_at is not None and time.monotonic() >= part.again_at:
                self.start(part)

    def stop(self, names: list[str], *, hurry: Callable[[], bool]) -> None:
        """Ask these parts to end, wait, and kill what does not; `hurry` says when not to wait any longer."""
        stopping = [part for part in self.parts if part.name in names]
        for part in stopping:
            part.again_at = None
            if part.process is not None and part.process.poll() is None:
                part.process.terminate()
        began = time.monotonic()
        said = False
        while running := [part for part in stopping if part.process is not None]:
            for part in running:
                if hurry() or time.monotonic() - began > part.patience:
                    self._kill(part)
            if not said and time.monotonic() - began > 3:
                said = True
                self.log.line("shop", f"waiting for {', '.join(part.name for part in running)}; Ctrl-C again to kill")
            self._listen(0.1)
            for part in running:
                if part.process is not None and part.process.poll() is not None:
                    self._leave(part, part.process)
        self.parts = [part for part in self.parts if part not in stopping]

    def _listen(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake, 1024)
            else:
                self._read(key.data)

    def _read(self, part: Part) -> bool:
        """Take what a part said; false when there was nothing."""
        try:
            data = os.read(part.output, 65_536)
        except BlockingIOError:
            return False
        if not data:
            with contextlib.suppress(KeyError):
                self._selector.unregister(part.output)
        *lines, part.pending = (part.pending + data).split(b"\n")
        if len(part.pending) > LONGEST_LINE or not data:
            lines, part.pending = [*lines, part.pending], b""
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            if text:
                part.lines.append(text)
                if not part.quiet:
                    self.log.line(part.name, text)
        return bool(data)

    def _leave(self, part: Part, process: "subprocess.Popen[bytes]") -> None:
        """Clear up after a part that has ended, with whatever it left running."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        while self._read(part):
            pass
        with contextlib.suppress(KeyError):
            self._selector.unregister(part.output)
        os.close(part.output)
        part.process = None

    def _bury(self, part: Part, process: "subprocess.Popen[bytes]") -> None:
        self._leave(part, process)
        code = process.returncode
        if part.ended is not None:
            self.parts.remove(part)
            part.ended(code, list(part.lines))
            return
        if time.monotonic() - part.began > SETTLED_AFTER:
            part.deaths = 0
        rest = min(FIRST_REST * 2**part.deaths, LONGEST_REST)
        part.deaths += 1
        part.again_at = time.monotonic() + rest
        if part.quiet:
            for line in part.lines:
                self.log.line(part.name, line)
        part.lines.clear()
        self.log.line("shop", f"{part.name} ended ({_how(code)}); starting it again in {rest:.0f} s")

    @staticmethod
    def _kill(part: Part) -> None:
        if part.process is not None and part.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(part.process.pid, signal.SIGKILL)


def _how(code: int) -> str:
    number = -code if code < 0 else code - 128
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"exit code {code}"
