"""How many `status` and `add` the API answers a second, beside a view that does nothing on the same server.

    .venv/bin/python -m bench.api [--seconds 3] [--rounds 5] [--clients 4] [--database sqlite|postgres]

Starts Valkey (and PostgreSQL), a sandbox to take the catalogue from, and the shop's own web server. In each round the
three are asked in turn by as many clients, each a customer with a key of its own on a connection that stays open, so
that what else the machine does falls on all of them alike. Prints a row for each of `status` and `add`.
"""

import argparse
import statistics
from decimal import Decimal
from urllib.parse import urlencode

from bench.asked import Asked, Rate, rate
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
                {name: rate(house.port, clients, given.seconds) for name, clients in asked.items()}
                for _ in range(given.rounds + 1)
            ][1:]  # the first one warms up
        finally:
            house.stop()
    for name, least in (("status", 0.6), ("add", 0.2)):
        summary(name, rounds, least)


def prepare(clients: int) -> dict[str, list[Asked]]:
    """Customers with keys and an order each; what each client asks for."""
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
    statuses: list[dict[str, object]] = []
    adds: list[dict[str, object]] = []
    for number in range(clients):
        customer = User.objects.create_user(f"bench{number}@example.com")
        account = ledger.account_of(customer)
        ledger.adjust(account=account, amount=Decimal(1_000_000), key=f"bench{number}", memo="bench", now=now)
        key = keys.make(customer=customer, name="bench", now=now)[1]
        link = "https://example.com/name"
        order = place.order(customer=customer, service_id=service.pk, quantity=service.min, link=link, now=now)
        statuses.append({"key": key, "action": "status", "order": order.pk})
        adds.append({"key": key, "action": "add", "service": service.pk, "quantity": service.min, "link": link})
    return {
        "bare": [form("/bare", each) for each in statuses],
        "status": [form("/api/v2", each) for each in statuses],
        "add": [form("/api/v2", each) for each in adds],
    }


def form(path: str, values: dict[str, object]) -> Asked:
    """A form as it is sent."""
    return Asked(path, "POST", urlencode(values).encode(), FORM, b'"error"')


def summary(name: str, rounds: list[dict[str, Rate]], least: float) -> None:
    """The row of one action; `least` is the part of the bare view's rate that it shall reach."""
    took = [second * 1000 for one in rounds for second in one[name].took]
    ratio = statistics.median(one[name].per_second / one["bare"].per_second for one in rounds)
    tell(
        f"API {name}",
        measured=statistics.median(one[name].per_second for one in rounds),
        unit="calls/s",
        compared_with=statistics.median(one["bare"].per_second for one in rounds),
        with_what="a view that does nothing, same server",
        ratio=ratio,
        ms_median=statistics.median(took),
        ms_p95=p95(took),
        goal=f"at least {least:.0%}",
        met=ratio >= least,
    )


if __name__ == "__main__":
    main()
