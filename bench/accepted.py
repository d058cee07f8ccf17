"""How long an order takes from the customer to the vendor while the shop has nothing else to do.

    .venv/bin/python -m bench.accepted [--orders 40] [--wait 0.05] [--every 0.5]

Starts PostgreSQL, Valkey, the shop's web server, one worker and beat, and a vendor that answers every call after
`--wait` seconds. Orders are placed by the API, one at a time. Measured is what the database knows: from the moment the
order was placed (before the API answered) to the moment the vendor had accepted it. It is compared with the bare
round trip, a call by `requests` on a connection that stays open, made after each of the orders. The first five orders
warm up. What runs meanwhile is what always runs: beat's sweeps, and the questions about the orders so far.

`--orders 5 --every 0.1` tries it out.
"""

import argparse
import statistics
import time
from typing import Any

import requests

from bench.row import p95, tell
from bench.stage import KEY, stage
from bench.vendor import ADDED, BALANCE, running, vendor

WARM_UP = 5
PATIENCE = 15.0
MOST = 50.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orders", type=int, default=40)
    options.add_argument("--wait", type=float, default=0.05, help="seconds until the vendor answers")
    options.add_argument("--every", type=float, default=0.5, help="seconds between an order's end and the next one")
    given = options.parse_args()
    with stage(name="accepted", database="postgres") as (_sandbox, home):
        from django.db import connection

        from tests.house import House

        asked, cost = prepare()
        connection.close()
        answers = {"*": BALANCE, "add": ADDED, "status": running(cost)}
        with vendor(answers, seconds=given.wait) as url:
            house = House(home=home, upstream_url=url, upstream_key=KEY, environment={"API_PER_MINUTE": "100000"})
            try:
                house.start()
                bare = [place(house.url, url, asked, given.every) for _ in range(given.orders + WARM_UP)]
            finally:
                house.stop()
        ways = ways_of_orders()
    summary(ways[WARM_UP:], bare[WARM_UP:], given)


def prepare() -> tuple[dict[str, Any], str]:
    """What a customer's program sends to order, and what the order costs with the vendor, in USD."""
    from decimal import Decimal

    from django.utils import timezone

    from accounts.models import User
    from api import keys
    from catalog.models import Service
    from catalog.pricing import cost_of
    from catalog.sync import sync_catalog
    from wallet import ledger

    sync_catalog()
    now = timezone.now()
    service = Service.objects.filter(entity=Service.Entity.SMM).order_by("price")[0]
    customer = User.objects.create_user("accepted@example.com")
    ledger.adjust(account=ledger.account_of(customer), amount=Decimal(10_000), key="accepted", memo="bench", now=now)
    key = keys.make(customer=customer, name="bench", now=now)[1]
    link = "https://example.com/name"
    asked = {"key": key, "action": "add", "service": service.pk, "quantity": service.min, "link": link}
    return asked, str(cost_of(service, service.min))


def place(shop: str, vendor_url: str, asked: dict[str, Any], every: float) -> float:
    """Place one order, wait until the vendor has it; milliseconds that a bare call to the vendor takes then."""
    from orders import states
    from orders.models import Order

    answer = _shop.post(f"{shop}/api/v2", data=asked, timeout=10).json()
    if "order" not in answer:
        raise RuntimeError(f"not placed: {answer}")
    ends = time.monotonic() + PATIENCE
    while not Order.objects.filter(pk=answer["order"], state=states.RUNNING).exists():
        if time.monotonic() > ends:
            raise RuntimeError(f"order {answer['order']} was not accepted within {PATIENCE:.0f} s")
        time.sleep(0.05)
    began = time.perf_counter()
    _vendor.post(vendor_url, data={"key": KEY, "action": "balance"}, timeout=10).json()
    took = (time.perf_counter() - began) * 1000
    time.sleep(every)
    return took


_shop, _vendor = requests.Session(), requests.Session()


def ways_of_orders() -> list[tuple[float, float]]:
    """For each order, oldest first: milliseconds from placed to sent, and from placed to accepted."""
    from orders.models import Attempt, Order

    sent = dict(Attempt.objects.values_list("order_id", "started_at"))
    return [
        ((sent[pk] - placed).total_seconds() * 1000, (accepted - placed).total_seconds() * 1000)
        for pk, placed, accepted in Order.objects.order_by("pk").values_list("pk", "placed_at", "accepted_at")
    ]


def summary(ways: list[tuple[float, float]], bare: list[float], given: argparse.Namespace) -> None:
    whole = [accepted for _sent, accepted in ways]
    round_trip = statistics.median(bare)
    median = statistics.median(whole)
    tell(
        f"order placed to accepted, idle shop, vendor answering in {given.wait * 1000:.0f} ms",
        measured=median,
        unit="ms",
        compared_with=round_trip,
        with_what="a bare call to the vendor, same run",
        ratio=median / round_trip,
        p95=p95(whole),
        worst=max(whole),
        until_sent=statistics.median(sent for sent, _accepted in ways),
        above=median - round_trip,
        goal=f"at most {MOST:.0f} ms above it",
        met=median - round_trip <= MOST,
    )


if __name__ == "__main__":
    main()
