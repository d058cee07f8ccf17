"""The command line of each part of a running shop."""

import os
import sys
from pathlib import Path

from core.queues import QUEUES
from reseller import local


def web(host: str, port: int) -> list[str]:
    """The web server of `make run`."""
    return gunicorn(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", "--graceful-timeout", "10")


def gunicorn(bind: str, *options: str, threads: str = "8") -> list[str]:
    """A web server. The code is loaded once and forked, so two processes cost one start and little memory."""
    return [
        *(sys.executable, "-m", "gunicorn", "reseller.wsgi", "--preload", "--no-control-socket", "--bind", bind),
        *("--workers", os.environ.get("WEB_CONCURRENCY", "2"), "--threads", threads),
        # Whether a proxy is believed is BEHIND_PROXY's to say: gunicorn would believe whoever calls from this machine.
        *("--forwarded-allow-ips", "", "--log-level", "warning", *options),
    ]


def worker(*, queues: str = ",".join(QUEUES), name: str = "worker", threads: str = "8") -> list[str]:
    """The Celery worker.

    Threads: a task waits for the vendor or the database nearly all of its time, one process starts in one
    process's time and holds one pool of connections to the vendor. Eight run while up to eight more calls of
    `poll` wait inside them.
    """
    return [
        *(sys.executable, "-m", "celery", "--quiet", "-A", "reseller.celery", "worker"),
        *("--pool", "threads", "--concurrency", threads),
        *("--queues", queues, "--hostname", f"{name}@%h"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def beat(schedule: Path) -> list[str]:
    """Celery's clock; `schedule` is the file where it keeps what ran when."""
    return [
        *(sys.executable, "-m", "celery", "--quiet", "-A", "reseller.celery", "beat"),
        *("--schedule", str(schedule)),
    ]


def sandbox(port: int, *options: str) -> list[str]:
    """The stand-in for the vendor. It remembers across runs, as the shop's database does."""
    return [
        *(sys.executable, "manage.py", "sandbox", "--port", str(port)),
        *("--memory", str(local.VAR / "sandbox.state"), *options),
    ]


def valkey(binary: Path, socket: Path, *, databases: int = 16) -> list[str]:
    """The embedded broker: on a Unix socket that only this user may open, in memory alone."""
    return [
        *(str(binary), "--port", "0"),
        *("--unixsocket", str(socket), "--unixsocketperm", "700"),
        *("--dir", str(socket.parent), "--databases", str(databases)),
        *("--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"),
    ]
