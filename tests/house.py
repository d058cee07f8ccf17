"""A whole shop as real processes, on the database of the test that starts it.

    def test_something(shop, page, customer):
        page.goto(shop.url)
        shop.kill_worker()
        shop.start_worker()
        assert shop.manage("audit_books")["ok"]

The test shares the database with the processes, so it may look at rows and make them; it must commit, which the
fixture `shop` sees to (`transactional_db`).
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from reseller.up import guard, parts

PATIENCE = 40.0


class House:
    """The processes, by name: `web`, `worker` (or `worker1`, `worker2` …), `beat`, and whatever else is given."""

    def __init__(
        self,
        *,
        home: Path,
        upstream_url: str,
        upstream_key: str,
        environment: dict[str, str] | None = None,
        workers: int = 1,
        others: dict[str, list[str]] | None = None,
        wrap: Callable[[str, list[str]], list[str]] = lambda _name, command: command,
        listener: socket.socket | None = None,
    ):
        """`others` are commands beside the shop's own, started before them; `wrap` may change the shop's commands.

        With a `listener` the web server serves that socket, which outlives it, as systemd's does.
        """
        self.home = home
        self.mail = home / "mail"
        self._listener = listener
        self.port = listener.getsockname()[1] if listener else free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "TEST_HOUSE": "1",
            "DATABASE_URL": database_url(),
            "CELERY_BROKER_URL": settings.CELERY_BROKER_URL,
            "UPSTREAM_URL": upstream_url,
            "UPSTREAM_KEY": upstream_key,
            "EMAIL_URL": f"filemail:///{self.mail}",
            "PORT": str(self.port),
            "SHOP_URL": self.url,
            "WEB_CONCURRENCY": "1",
            "PYTHONUNBUFFERED": "1",
            **(environment or {}),
        }
        names = ["worker"] if workers == 1 else [f"worker{number + 1}" for number in range(workers)]
        own = {
            "web": self._web(),
            **{name: parts.worker(name=name) for name in names},
            "beat": parts.beat(home / "beat"),
        }
        self._commands = {**(others or {}), **{name: wrap(name, command) for name, command in own.items()}}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._lifeline, self._held = os.pipe()

    def _web(self) -> list[str]:
        if self._listener is None:
            return parts.web("127.0.0.1", self.port)
        return parts.gunicorn(f"fd://{self._listener.fileno()}", "--graceful-timeout", "30")

    def _handed(self) -> list[str]:
        return ["--pass", str(self._listener.fileno())] if self._listener else []

    def start(self) -> None:
        """Start everything and wait until the first page is served and a worker has told of itself."""
        for name in self._commands:
            if name not in self._processes:
                self.run(name)
        self.wait_until(lambda: self._status("/healthz") == 200, "the web server")
        self.wait_until(lambda: self._status("/readyz") == 200, "the worker")

    def serve(self) -> None:
        """Start the web server alone: the shop can be looked at, and nothing in it moves."""
        self.run("web")
        self.wait_until(lambda: self._status("/healthz") == 200, "the web server")

    def stop(self) -> None:
        """Stop everything: politely, then not."""
        for process in self._processes.values():
            process.terminate()
        end = time.monotonic() + 15
        for process in self._processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(end - time.monotonic(), 0.1))
        for name in list(self._processes):
            self.kill(name)
        os.close(self._held)
        os.close(self._lifeline)

    def run(self, name: str) -> None:
        """Start one part."""
        with (self.home / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    guard.__file__,
                    str(self._lifeline),
                    *self._handed(),
                    *self._commands[name],
                ],
                env=self.environment,
                cwd=settings.BASE_DIR,
                pass_fds=[self._lifeline, *map(int, self._handed()[1:])],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """End one part as a power cut would: SIGKILL to the whole group."""
        process = self._processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def restart(self, name: str) -> None:
        """Stop one part as an upgrade does, wait until it has finished what it was at, and start it again."""
        process = self._processes.pop(name)
        process.terminate()
        process.wait(90)
        self.run(name)

    def memory(self, name: str) -> float:
        """MB of memory that one part's processes hold, shared pages counted once for each."""
        group = os.getpgid(self._processes[name].pid)
        held = 0
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                if os.getpgid(int(entry.name)) == group:
                    held += int((entry / "statm").read_text().split()[1])
        return held * os.sysconf("SC_PAGE_SIZE") / 1e6

    def kill_worker(self) -> None:
        self.kill("worker")

    def start_worker(self) -> None:
        self.run("worker")

    def down(self) -> list[str]:
        """Parts that don't run: killed, or never started."""
        return [name for name in self._commands if name not in self._processes]

    def died(self) -> list[str]:
        """Parts that ended by themselves."""
        return [name for name, process in self._processes.items() if process.poll() is not None]

    def manage(self, *arguments: str) -> dict[str, Any]:
        """Run a management command; the JSON that it prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=self.environment,
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"manage.py {' '.join(arguments)}: {done.stdout}\n{done.stderr}"
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def mails(self) -> list[str]:
        """The e-mails sent so far, as text, oldest first."""
        return [file.read_text() for file in sorted(self.mail.glob("*"))] if self.mail.exists() else []

    def logs(self) -> dict[str, str]:
        """What each part has said."""
        return {file.stem: file.read_text(errors="replace") for file in sorted(self.home.glob("*.log"))}

    def wait_until(self, true: Any, what: str, *, seconds: float = PATIENCE) -> None:
        """Wait until `true()`; fails with the logs when it takes too long."""
        end = time.monotonic() + seconds
        while not true():
            dead = self.died()
            if dead or time.monotonic() > end:
                said = "\n".join(f"── {name} ──\n{text[-4000:]}" for name, text in self.logs().items())
                raise AssertionError(f"{what}: not within {seconds:.0f} s{f', {dead} died' if dead else ''}\n{said}")
            time.sleep(0.1)

    def _status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0


def database_url() -> str:
    """The test's own database, as a DATABASE_URL for another process."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    parts_ = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts_._replace(path=f"/{name}"))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
