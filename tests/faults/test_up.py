"""`make run`'s command in a copy of this tree: what it says, and that nothing of it stays behind."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings

from tests import template
from tests.house import free_port

pytestmark = pytest.mark.faults
LEAVE_OUT = {".venv", ".git", "var", "tests", "bench", "docs", ".env"}


class Checkout:
    """A clean copy, and `manage.py up` in it."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(
            settings.BASE_DIR,
            folder,
            ignore=lambda path, names: LEAVE_OUT if Path(path) == settings.BASE_DIR else set(),
        )
        self.folder = folder
        self.port = free_port()
        # As in a fresh shell: nothing of the tests' own settings.
        self.environment = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ
        } | {"PORT": str(self.port)}
        subprocess.run([sys.executable, "-m", "reseller.local"], cwd=folder, env=self.environment, check=True)
        self.log = folder / "log"

    def up(self, **environment: str) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=self.folder,
                env=self.environment | environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for(self, words: str, seconds: float = 60) -> str:
        end = time.monotonic() + seconds
        while words not in (said := self.log.read_text()):
            assert time.monotonic() < end, f"{words!r} was not said:\n{said}"
            time.sleep(0.05)
        return said

    def processes(self) -> dict[int, str]:
        """Every process that works in this folder, with its command line."""
        found = {}
        for cwd in Path("/proc").glob("[0-9]*/cwd"):
            try:
                if cwd.readlink() == self.folder:
                    line = (cwd.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(cwd.parent.name)] = line
            except OSError:
                continue
        return found

    def nothing_left(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while left := self.processes():
            assert time.monotonic() < end, left
            time.sleep(0.1)
        var = self.folder / "var"
        assert not [file for file in var.iterdir() if file.suffix in (".sock", ".pid")]
        for port in (self.port, self.sandbox_port()):
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port)) != 0

    def sandbox_port(self) -> int:
        return int(re.search(r"SANDBOX_PORT=(\d+)", (self.folder / "var/local.env").read_text()).group(1))


@pytest.fixture
def checkout(tmp_path):
    if not Path("/proc").is_dir():
        pytest.skip("looks for processes in /proc")
    made = Checkout(tmp_path / "a shop")
    yield made
    for process in made.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def test_a_first_run_opens_the_shop_and_ends_without_a_trace(checkout):
    process = checkout.up()
    said = checkout.wait_for(" services are here")
    assert f"http://127.0.0.1:{checkout.port}/" in said
    operator, customer = re.findall(r"(?:operator|customer)@example\.com  (\S+)", said)
    assert len(operator) >= 12
    assert operator != customer
    assert (checkout.folder / "var/demo.txt").stat().st_mode & 0o777 == 0o600
    with urllib.request.urlopen(f"http://127.0.0.1:{checkout.port}/static/unfold/css/styles.css", timeout=10) as answer:
        assert answer.status == 200

    # A second one, while it runs.
    second = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=checkout.folder,
        env=checkout.environment | {"PORT": str(free_port())},
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert "runs already" in second.stderr

    # A part that dies is started again.
    worker = [
        pid
        for pid, line in checkout.processes().items()
        if " reseller.celery worker " in line and "guard.py" not in line
    ]
    assert len(worker) == 1
    os.kill(worker[0], signal.SIGKILL)
    checkout.wait_for("worker ended (SIGKILL); starting it again in 1 s")

    process.send_signal(signal.SIGINT)
    assert process.wait(40) == 0
    assert checkout.log.read_text().endswith("stopped\n")
    checkout.nothing_left(0)


def test_killed_it_takes_everything_with_it_and_the_next_run_is_none_the_worse(checkout):
    # What migrating a new database takes is the test above's business.
    template.copy(settings.TEST_HOME, {"ENGINE": "sqlite3"}, str(checkout.folder / "var/shop.sqlite3"))
    process = checkout.up()
    first = checkout.wait_for("Stop with Ctrl-C")
    process.kill()
    process.wait()
    process = checkout.up()
    again = checkout.wait_for("Stop with Ctrl-C")
    assert re.findall(r"@example.*", again) == re.findall(r"@example.*", first)
    process.kill()
    process.wait()
    checkout.nothing_left(30)


@pytest.mark.parametrize("which", ["PORT", "SANDBOX_PORT"])
def test_a_busy_port_is_told_before_anything_starts(checkout, which):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        process = checkout.up(**{which: str(port)})
        assert process.wait(30) == 1
    said = checkout.log.read_text()
    assert f"Port {port} on 127.0.0.1 can't be used: Address already in use" in said
    assert f"{which}={port + 1} make run" in said
    assert not (checkout.folder / "var/shop.sqlite3").exists()
    assert not checkout.processes()


def test_with_debug_off_it_names_what_is_missing(checkout):
    assert checkout.up(DEBUG="0").wait(30) == 1
    said = checkout.log.read_text()
    assert "SECRET_KEY" in said
    assert "UPSTREAM_KEY" in said
