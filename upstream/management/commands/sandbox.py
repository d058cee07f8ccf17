"""Run the stand-in for the vendor in the foreground until it is told to stop."""

import errno
import signal
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from upstream.sandbox.server import Sandbox


class Command(BaseCommand):
    """`manage.py sandbox`: needs no database, listens on 127.0.0.1 only."""

    help = "Runs a stand-in for the vendor on 127.0.0.1 until Ctrl-C."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.SANDBOX_PORT, help="0: any free one")
        parser.add_argument("--services", type=int, default=500, help="size of the catalogue")
        parser.add_argument("--seed", type=int, default=1, help="the same seed, the same catalogue")
        parser.add_argument("--speed", type=float, default=1.0, help="how many times faster time runs")
        parser.add_argument("--memory", type=Path, help="a file in which the vendor's state survives a restart")
        parser.add_argument("--access-log", action="store_true", help="a line for each request")

    def handle(self, *args: Any, **options: Any) -> None:
        port, speed = options["port"], options["speed"]
        if not 0 <= port <= 65_535:
            raise CommandError("--port must be between 0 and 65535.")
        if options["services"] < 1:
            raise CommandError("--services must be 1 or more.")
        if not 0 <= speed <= 1_000_000:
            raise CommandError("--speed must be between 0 and 1000000.")
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        try:
            sandbox = Sandbox(
                port=port,
                services=options["services"],
                seed=options["seed"],
                speed=speed,
                key=settings.UPSTREAM_KEY,
                access_log=options["access_log"],
                memory=options["memory"],
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(
                    f"Port {port} is in use. Stop what listens there, or choose another with --port."
                ) from None
            raise CommandError(f"Can't listen on port {port}: {error.strerror}.") from None
        with sandbox:
            self.stderr.write(
                f"The sandbox vendor listens on {sandbox.url}, control on {sandbox.control_url}",
                self.style.SUCCESS,
            )
            stop.wait()
        self.stderr.write("The sandbox vendor has stopped.", self.style.SUCCESS)
