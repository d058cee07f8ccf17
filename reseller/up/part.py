"""One part of a live shop in this process's place: `python -m reseller.up.part web | worker NAME | beat`.

Units and containers name parts, so that which queues a worker takes, and how many threads it has, stands in the code
of the same release.
"""

import os
import sys
from pathlib import Path

from core.queues import QUEUES
from reseller.up import parts

# Which worker takes which queues. A slow sync holds up no code, and a mail server that hangs holds up no order.
WORKERS = {
    "orders": "submit,status",
    "codes": "codes",
    "background": "sync,hooks,mail",
    "all": ",".join(QUEUES),
}
USAGE = f"""usage: python -m reseller.up.part web | worker {{{",".join(WORKERS)}}} | beat
  WEB_BIND         what the web server listens on, unless systemd hands it a socket (0.0.0.0:8000)
  WEB_CONCURRENCY  its processes (2)             WEB_THREADS  threads of each (8)
  WORKER_THREADS   threads of a worker (8)       BEAT_FILE    where beat notes what ran (/tmp/beat)"""


def command(words: list[str]) -> list[str] | None:
    """The command line of the part that `words` name; None for one that there is not."""
    match words:
        case ["web"]:
            return _web()
        case ["worker", name] if name in WORKERS:
            threads = os.environ.get("WORKER_THREADS", "8")
            return parts.worker(queues=WORKERS[name], name=name, threads=threads)
        case ["beat"]:
            return parts.beat(Path(os.environ.get("BEAT_FILE", "/tmp/beat")))  # noqa: S108  # nosec B108
    return None


def _web() -> list[str]:
    """A web server behind a proxy.

    Its processes are made anew now and then, so that memory stays flat however long it runs; what they tell the
    parent goes through memory, since a busy disk would have it think them dead.
    """
    shared = Path("/dev/shm")  # noqa: S108  # nosec B108
    return parts.gunicorn(
        os.environ.get("WEB_BIND", "0.0.0.0:8000"),
        *("--max-requests", "50000", "--max-requests-jitter", "5000"),
        # Longer than the longest request: numbers that are asked for by the API are waited for.
        *("--graceful-timeout", "30", "--timeout", "60", "--keep-alive", "75"),
        *(["--worker-tmp-dir", str(shared)] if shared.is_dir() else []),
        threads=os.environ.get("WEB_THREADS", "8"),
    )


def main() -> None:
    """Become the part."""
    line = command(sys.argv[1:])
    if line is None:
        sys.exit(USAGE)
    os.execv(line[0], line)  # noqa: S606  # nosec B606


if __name__ == "__main__":
    main()
