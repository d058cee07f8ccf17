"""The catalogue's page with 10,000 services for a customer who is logged in, beside django-oscar's category page.

    .venv/bin/python -m bench.pages [--services 10000] [--seconds 3] [--rounds 4] [--clients 4] [--no-oscar]

Starts PostgreSQL, Valkey, the shop's web server and django-oscar's (gunicorn, the same number of processes and
threads, the same PostgreSQL); for the latter an environment is made in a folder of its own, with what
`bench/oscar/requirements.txt` names. In each round the bare view, the shop's page and django-oscar's are asked in turn
by as many clients. The shop's page shows 50 services, django-oscar's 20 products, as each comes. Prints a row for each
comparison, and one for the memory of a web process after it.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.asked import Asked, Rate, rate
from bench.row import p95, tell
from bench.stage import KEY, stage

OSCAR = Path(__file__).parent / "oscar"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--services", type=int, default=10_000)
    options.add_argument("--seconds", type=float, default=3.0)
    options.add_argument("--rounds", type=int, default=4)
    options.add_argument("--clients", type=int, default=4)
    options.add_argument("--no-oscar", action="store_true")
    given = options.parse_args()
    os.environ["WEB_CONCURRENCY"] = "2"
    with contextlib.ExitStack() as stack:
        vendor, home = stack.enter_context(stage(name="pages", database="postgres", settings_module="bench.settings"))
        from django.db import connection

        from tests.house import House

        ours = Asked("/services/", headers=prepare(given.services))
        connection.close()
        environment = {"WEB_CONCURRENCY": "2"}
        house = House(home=home, upstream_url=vendor.url, upstream_key=KEY, environment=environment)
        stack.callback(house.stop)
        house.serve()
        asked = {"bare": (house.port, Asked("/bare")), "ours": (house.port, ours)}
        if not given.no_oscar:
            asked["oscar"] = stack.enter_context(oscar(home, given.services))
        rounds = [
            {name: rate(port, [one] * given.clients, given.seconds) for name, (port, one) in asked.items()}
            for _ in range(given.rounds + 1)
        ][1:]  # the first one warms up
        memory = house.memory("web")
    summary("bare", "a view that does nothing, same server", rounds, 0.25, given.services)
    if not given.no_oscar:
        summary("oscar", "django-oscar’s category page", rounds, 15, given.services)
    tell(
        "memory of the web server’s processes together, after it",
        measured=memory,
        unit="MB",
        goal="at most 150 MB each",
        met=memory <= 3 * 150,  # the one that forks and its two children
    )


def summary(other: str, with_what: str, rounds: list[dict[str, Rate]], least: float, services: int) -> None:
    """The row of the page beside what it is compared with."""
    ratio = statistics.median(one["ours"].per_second / one[other].per_second for one in rounds)
    took = [second * 1000 for one in rounds for second in one["ours"].took]
    tell(
        f"catalogue page, {services} services, logged in",
        measured=statistics.median(one["ours"].per_second for one in rounds),
        unit="pages/s",
        compared_with=statistics.median(one[other].per_second for one in rounds),
        with_what=with_what,
        ratio=ratio,
        ms_median=statistics.median(took),
        ms_p95=p95(took),
        goal=f"at least {least:g} times",
        met=ratio >= least,
    )


def prepare(services: int) -> dict[str, str]:
    """A shop with so many services; what a customer's browser sends."""
    from django.test import Client

    from accounts.models import User
    from bench.loader import load

    load(orders=1000, services=services)
    browser = Client()
    browser.force_login(User.objects.filter(email__startswith="customer").order_by("pk")[0])
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())
    return {"Cookie": cookies, "Accept": "text/html"}


@contextlib.contextmanager
def oscar(home: Path, products: int) -> Iterator[tuple[int, Asked]]:
    """django-oscar's web server with so many products in one category: its port and what to ask for."""
    from django.conf import settings
    from django.db import connection

    from tests.house import free_port

    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE oscar")
    connection.close()
    python = home / "oscar" / "bin" / "python"
    uv = Path(sys.executable).parent / "uv"
    run(uv, "venv", "--quiet", "--python", sys.executable, home / "oscar")
    run(uv, "pip", "install", "--quiet", "--python", python, "--requirement", OSCAR / "requirements.txt")
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "DJANGO_SETTINGS_MODULE": "shop_settings",
        "PYTHONPATH": str(OSCAR),
        "OSCAR_PGHOST": str(settings.TEST_HOME / "postgres"),
        "OSCAR_PGUSER": "postgres",
        "OSCAR_MEDIA": str(home / "oscar-media"),
    }
    told: dict[str, Any] = json.loads(run(python, OSCAR / "fill.py", str(products), env=environment))
    port = free_port()
    server = subprocess.Popen(
        [
            *(python, "-m", "gunicorn", "django.core.wsgi:get_wsgi_application()", "--preload"),
            *("--no-control-socket", "--bind", f"127.0.0.1:{port}"),
            *("--workers", "2", "--threads", "8", "--log-level", "warning"),
        ],
        env=environment,
        cwd=home,
    )
    try:
        asked = Asked(told["path"], headers={"Cookie": told["cookie"], "Accept": "text/html"})
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            with contextlib.suppress(OSError):
                rate(port, [asked], 0.1)
                break
            time.sleep(0.5)
        yield port, asked
    finally:
        server.terminate()
        server.wait(20)


def run(*command: object, env: dict[str, str] | None = None) -> str:
    """What the command prints; ends the program when it fails."""
    done = subprocess.run([str(part) for part in command], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]}: {done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
