"""How many `status` and `add` the API answers a second, beside a view that does nothing on the same server.

    .venv/bin/python -m bench.api [--seconds 3] [--rounds 5] [--clients 4] [--database sqlite|postgres]

Starts Valkey (and PostgreSQL), a sandbox to take the catalogue from, and the shop's own web server. In each round the
three are asked in turn by as many clients, each a customer with a key of its own on a connection that stays open, so
that what else the machine does falls on all of them alike. Prints a row for each of `status` and `add`.
"""

import argparse
import http.client
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from urllib.parse import urlencode

from bench.row import p95, tell
from bench.stage import KEY, stage

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=3.0)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--clients", type=int, default=4)
    options.add_argument("--database", choices=["sqlite", "postgres"], default="postgres")
    given = options.parse_args()

    with stage(name="api", database=given.database, settings_module="bench.settings") as (vendor, home):
        from django.db import connection

        from tests.house import House

        asked = prepare(given.clients)
        connection.close()
        environment = {"API_PER_MINUTE": "100000000"}
        house = House(home=home, upstream_url=vendor.url, upstream_key=KEY, environment=environment)
        try:
            house.run("web")
            house.wait_until(lambda: house._status("/healthz") == 200, "the web server")
            rounds = [
                {name: rate(house.port, path, bodies, given.seconds) for name, (path, bodies) in asked.items()}
                for _ in range(given.rounds + 1)
            ][1:]  # the first one warms up
        finally:
            house.stop()
    for name, least in (("status", 0.6), ("add", 0.2)):
        summary(name, rounds, least)


def prepare(clients: int) -> dict[str, tuple[str, list[bytes]]]:
    """Customers with keys and an order each; what each client sends to which path."""
    from django.utils import timezone

    from accounts.models import User
    from api import keys
    from catalog.models import Service
    from catalog.sync import sync_catalog
    from orders import place
    from wallet import ledger

    sync_catalog()
    now = timezone.now()
    service = Service.objects.filter(entity=Service.Entity.SMM).order_by("price").first()
    statuses, adds = [], []
    for number in range(clients):
        customer = User.objects.create_user(f"bench{number}@example.com")
        account = ledger.account_of(customer)
        ledger.adjust(account=account, amount=Decimal(1_000_000), key=f"bench{number}", memo="bench", now=now)
        key = keys.make(customer=customer, name="bench", now=now)[1]
        link = "https://example.com/name"
        order = place.order(customer=customer, service_id=service.pk, quantity=service.min, link=link, now=now)
        statuses.append(form(key=key, action="status", order=order.pk))
        adds.append(form(key=key, action="add", service=service.pk, quantity=service.min, link=link))
    return {"bare": ("/bare", statuses), "status": ("/api/v2", statuses), "add": ("/api/v2", adds)}


def form(**values: object) -> bytes:
    """A form as it is sent."""
    return urlencode(values).encode()


def rate(port: int, path: str, bodies: list[bytes], seconds: float) -> list[float]:
    """Ask with one connection for each body; how long each answer took, in seconds, and how long it all took last."""
    begun = time.monotonic()
    ends = begun + seconds

    def client(body: bytes) -> list[float]:
        connection, took = http.client.HTTPConnection("127.0.0.1", port, timeout=30), []
        while (now := time.monotonic()) < ends:
            connection.request("POST", path, body, FORM)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200 or b'"error"' in text:
                sys.exit(f"{path}: HTTP {answer.status}, {text[:200]!r}")
            took.append(time.monotonic() - now)
        connection.close()
        return took

    with ThreadPoolExecutor(len(bodies)) as pool:
        each: Callable[[bytes], list[float]] = client
        took = [one for many in pool.map(each, bodies) for one in many]
    return [*took, time.monotonic() - begun]


def summary(name: str, rounds: list[dict[str, list[float]]], least: float) -> None:
    """The row of one action; `least` is the part of the bare view's rate that it shall reach."""

    def per_second(one: dict[str, list[float]], which: str) -> float:
        return (len(one[which]) - 1) / one[which][-1]

    took = [second * 1000 for one in rounds for second in one[name][:-1]]
    ratio = statistics.median(per_second(one, name) / per_second(one, "bare") for one in rounds)
    tell(
        f"API {name}",
        measured=statistics.median(per_second(one, name) for one in rounds),
        unit="calls/s",
        compared_with=statistics.median(per_second(one, "bare") for one in rounds),
        with_what="a view that does nothing, same server",
        ratio=ratio,
        ms_median=statistics.median(took),
        ms_p95=p95(took),
        goal=f"at least {least:.0%}",
        met=ratio >= least,
    )


if __name__ == "__main__":
    main()
