"""`manage.py up`: the whole shop on this machine, until Ctrl-C. What `make run` runs."""

import errno
import fcntl
import http.client
import ipaddress
import json
import os
import signal
import socket
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

import catalog.sync
import sms.sync
from catalog.models import SyncRun
from reseller import local
from reseller.up import demo, parts
from reseller.up.crew import Crew, Log, Part

# How long a former run of this checkout may take to end, in seconds.
PATIENCE = 40.0


FIRST_SYNCS = [
    (catalog.sync.KIND, "sync_catalog", "services"),
    (sms.sync.KIND, "sync_sms", "sites in countries"),
]


class Command(BaseCommand):
    help = "Runs the whole shop on this machine until Ctrl-C: web server, worker, beat, and what is embedded."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument(
            "--listen",
            default=os.environ.get("LISTEN", "127.0.0.1"),
            help="the address to listen on; 0.0.0.0 for every one of this machine's",
        )

    def handle(self, *, port: int, listen: str, **options: Any) -> None:
        local.VAR.mkdir(exist_ok=True)
        lock = self._alone()
        self._free(listen, port, "PORT")
        if settings.EMBEDDED_UPSTREAM:
            self._free("127.0.0.1", settings.SANDBOX_PORT, "SANDBOX_PORT")
        self._prepare()
        Shop(lock=lock, listen=listen, port=port).run()

    def _alone(self) -> int:
        """Make sure that no other run of this checkout is under way; the lock that our processes will hold."""
        # Locks on folders: nothing is left behind, and they end with whoever holds them.
        mine = os.open(local.VAR, os.O_RDONLY)
        try:
            fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError("The shop runs already from this folder.") from None
        processes = os.open(local.ROOT, os.O_RDONLY)
        end = time.monotonic() + PATIENCE
        said = False
        while True:
            try:
                fcntl.flock(processes, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return processes
            except BlockingIOError:
                if time.monotonic() > end:
                    raise CommandError("Processes of a former run don't end.") from None
                if not said:
                    self.stderr.write("Waiting for the processes of a former run to end …", self.style.NOTICE)
                    said = True
                time.sleep(0.1)

    def _free(self, host: str, port: int, setting: str) -> None:
        """Say plainly that a port is busy, before anything starts."""
        if not 1 <= port <= 65_535:
            raise CommandError(f"{setting} must be a port, from 1 to 65535, and is {port}.")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
            with socket.socket(found[0]) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(found[4])
        except OSError as error:
            advice = f"; choose another: {setting}={_other(port)} make run" if error.errno == errno.EADDRINUSE else "."
            raise CommandError(f"Port {port} on {host} can't be used: {error.strerror}{advice}") from None

    def _prepare(self) -> None:
        """Bring the database up to date; on a first run on embedded defaults, make the demo people."""
        try:
            call_command("migrate", verbosity=0, interactive=False)
            if settings.DEBUG and settings.EMBEDDED_UPSTREAM and "DATABASE_URL" not in os.environ:
                demo.make()
        except DatabaseError as error:
            raise CommandError(f"The database does not serve: {str(error).strip()}") from None
        connection.close()
        if not settings.DEBUG:
            self.stderr.write("Collecting static files …", self.style.NOTICE)
            call_command("collectstatic", verbosity=0, interactive=False)


class Shop:
    """One run."""

    def __init__(self, *, lock: int, listen: str, port: int) -> None:
        self.log = Log()
        self.crew = Crew(log=self.log, root=local.ROOT, lock=lock)
        self.host, self.port = _reachable(listen), port
        self.asked = 0
        self.embedded: list[Part] = []
        if settings.EMBEDDED_BROKER:
            self.embedded += self._broker()
        if settings.EMBEDDED_UPSTREAM:
            self.embedded.append(Part("sandbox", parts.sandbox(settings.SANDBOX_PORT), quiet=True))
        self.own = [
            Part("web", parts.web(listen, port), patience=15),
            # A call to the vendor may last that long, and is better waited for than called UNCERTAIN.
            Part("worker", parts.worker(), patience=settings.UPSTREAM_TIMEOUT + 10),
            Part("beat", parts.beat(local.VAR / "beat")),
        ]

    def _broker(self) -> list[Part]:
        binary = local.valkey_binary()
        if binary is None:
            for folder in ("queue", "queue-control"):
                (local.VAR / folder).mkdir(exist_ok=True)
            return []
        path = local.broker_socket()
        # We are alone here, so this is what a killed run left.
        path.unlink(missing_ok=True)
        return [Part("broker", parts.valkey(binary, path), quiet=True)]

    def run(self) -> None:
        """Start everything, tend it until somebody asks to stop, stop everything."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)
        try:
            for part in [*self.embedded, *self.own]:
                self.crew.start(part)
            self._open()
            while not self._over():
                self.crew.tend(1.0)
        finally:
            self._close()

    def _open(self) -> None:
        """Wait for the first page, say where it is, and fill an empty catalogue."""
        while not self._over() and not _answers(self.host, self.port):
            self.crew.tend(0.1)
        if self._over():
            return
        address = f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"
        self.log.plain("")
        self.log.plain(f"  {settings.SHOP_NAME} is open: {address}/   (operators: {address}/{settings.ADMIN_PATH}/)")
        if settings.EMBEDDED_UPSTREAM and "DATABASE_URL" not in os.environ:
            for line in demo.lines():
                self.log.plain(f"  {line}")
        if settings.EMBEDDED_UPSTREAM:
            self.log.plain("  The vendor is a sandbox on this machine; nothing is really bought.")
        self.log.plain("  Stop with Ctrl-C.\n")
        for kind, command, what in FIRST_SYNCS:
            if not SyncRun.objects.filter(kind=kind, ok=True).exists():
                self._sync(command, what)
        connection.close()

    def _sync(self, command: str, what: str) -> None:
        """Fetch something of the vendor's in the background; beat would only do so in ten minutes."""
        while not self._over() and settings.EMBEDDED_UPSTREAM and not _listens(settings.SANDBOX_PORT):
            self.crew.tend(0.1)
        if self._over():
            return

        def ended(code: int, said: list[str]) -> None:
            try:
                self.log.line("sync", f"{json.loads(said[-1])['added']} {what} are here")
            except (IndexError, KeyError, TypeError, ValueError):
                for line in said:
                    self.log.line("sync", line)
                self.log.line("sync", f"no {what} yet (exit code {code}); tried again every ten minutes")

        self.crew.start(Part(command, [sys.executable, "manage.py", command], quiet=True, ended=ended))

    def _close(self) -> None:
        self.log.line("shop", "stopping")
        began = self.asked

        def hurry() -> bool:
            return self.asked > max(began, 1) or self.log.broken

        self.crew.stop(["sync", *(part.name for part in self.own)], hurry=hurry)
        # What the others need to end well ends last.
        self.crew.stop([part.name for part in self.embedded], hurry=hurry)
        if settings.EMBEDDED_BROKER:
            Path(local.broker_socket()).unlink(missing_ok=True)
        self.log.line("shop", "stopped")

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked += 1

    def _over(self) -> bool:
        return self.asked > 0 or self.log.broken


def _answers(host: str, port: int) -> bool:
    """Does the web server serve? A refusal will do, whatever it thinks of this address."""
    asking = http.client.HTTPConnection(host, port, timeout=2)
    try:
        asking.request("GET", "/healthz")
        return asking.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


def _reachable(listen: str) -> str:
    """An address by which what listens there can be asked from this machine."""
    try:
        address = ipaddress.ip_address(listen)
    except ValueError:
        return listen
    if not address.is_unspecified:
        return listen
    return "127.0.0.1" if address.version == 4 else "::1"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _other(port: int) -> int:
    return port + 1 if port < 65_535 else 8001
