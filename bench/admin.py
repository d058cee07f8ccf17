"""How long the admin's pages take the server with a million orders and five million transfers in the database.

    .venv/bin/python -m bench.admin [--orders 1000000] [--rounds 20] [--most 300]

Starts PostgreSQL and Valkey, fills the shop by `bench.loader`, counts the books, proves them (unless `--no-audit`),
and asks for each page as an operator does, in one process, without a network. Prints PostgreSQL's settings, then a
line of JSON for each page, after two rounds that warm up: queries, milliseconds that the database took for them, that
Python and that PostgreSQL were busy, and the median and p95 of the whole. On a machine that does other things as well
the whole grows with its load (`load` beside the settings); how busy both were does not. Exit code 1 when a
page answers with anything but 200, or its p95 is over `--most` milliseconds.
"""

import argparse
import json
import os
import re
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

from bench.row import p95
from bench.stage import stage

SETTINGS = ("server_version", "shared_buffers", "work_mem", "effective_cache_size", "random_page_cost", "jit", "fsync")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orders", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--most", type=float, default=300.0)
    options.add_argument("--no-audit", action="store_true")
    given = options.parse_args()
    with stage(name="admin", database="postgres"):
        from django.db import connection
        from django.utils import timezone

        from bench.loader import load
        from books.count import count
        from reseller.books import audit
        from reseller.models import FirstRun

        tell(what="loaded", seconds=round(load(orders=given.orders), 1))
        # Until it is done the dashboard leads to it.
        FirstRun.objects.update_or_create(pk=1, defaults={"done_at": timezone.now()})
        began = time.monotonic()
        days = count(now=timezone.now())
        tell(what="counted", days=days, seconds=round(time.monotonic() - began, 1))
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as autovacuum does in a shop; the bench's server has none
        if not given.no_audit:
            began = time.monotonic()
            found = audit()
            tell(
                what="audited",
                transfers=found.transfers,
                problems=found.problems[:5],
                seconds=round(time.monotonic() - began, 1),
            )
        return 0 if measure(rounds=given.rounds, most=given.most) else 1


def postgres_busy(connection) -> float:
    """Seconds that PostgreSQL's process for this connection was busy so far; its parallel workers are not in it."""
    with open(f"/proc/{connection.connection.info.backend_pid}/stat") as file:
        user, system = file.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Asked:
    """How many queries were made, and how long the database took for them; seconds."""

    def __init__(self) -> None:
        self.count, self.seconds = 0, 0.0

    def __call__(self, execute, sql, params, many, context):
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.count += 1
            self.seconds += time.perf_counter() - began


def measure(*, rounds: int, most: float, only: str = "") -> bool:
    """Ask for every page, or for those whose name begins with `only`; whether all of them are quick enough."""
    from django.db import connection
    from django.test import Client

    from accounts.models import User

    with connection.cursor() as cursor:
        known = {}
        for name in SETTINGS:
            cursor.execute(f"SHOW {name}")
            known[name] = cursor.fetchone()[0]
    tell(what="postgres", load=round(os.getloadavg()[0], 1), cores=os.cpu_count(), **known)
    operator = User.objects.filter(email="operator@bench.invalid").first()
    operator = operator or User.objects.create_superuser("operator@bench.invalid", "x")
    client = Client()
    client.force_login(operator)
    good = True
    for name, path in pages(client):
        if not name.startswith(only):
            continue
        asked = Asked()
        took, busy = [], []
        status = client.get(path).status_code
        client.get(path)
        served = postgres_busy(connection)
        with connection.execute_wrapper(asked):
            for _round in range(rounds):
                began, worked = time.perf_counter(), time.process_time()
                client.get(path)
                took.append((time.perf_counter() - began) * 1000)
                busy.append((time.process_time() - worked) * 1000)
        slowest = p95(took)
        quick = status == 200 and slowest <= most
        good = good and quick
        tell(
            what=name,
            status=status,
            queries=round(asked.count / rounds),
            ms_database=round(asked.seconds * 1000 / rounds),
            ms_python=round(statistics.median(busy)),
            ms_postgres=round((postgres_busy(connection) - served) * 1000 / rounds, 1),
            ms_median=round(statistics.median(took)),
            ms_p95=round(slowest),
            **({} if quick else {"too_slow": True, "path": path}),
        )
    return good


def pages(client) -> Iterator[tuple[str, str]]:
    """Every page and its address: names say which."""
    from django.db.models import Q

    from accounts.models import User
    from catalog.models import Category, Service
    from core.admin_lists import MOST
    from orders.models import Order
    from sms.models import Number
    from wallet.models import Transfer

    middle = Order.objects.filter(Q(upstream_id__isnull=False) & ~Q(link="")).order_by("pk")[Order.objects.count() // 2]
    day = f"{middle.placed_at:%Y-%m-%d}"
    orders = "/admin/orders/order/"
    last = MOST // 50
    yield "dashboard", "/admin/"
    yield "orders", orders
    for state in ("PLACED", "RUNNING", "UNCERTAIN", "COMPLETED", "PARTIAL", "REJECTED"):
        yield f"orders, filter state {state}", f"{orders}?state__exact={state}"
    yield "orders, filter flagged", f"{orders}?flagged=yes"
    yield "orders, filter delivered before", f"{orders}?twice=yes"
    yield "orders, filter held back", f"{orders}?below_cost__exact=HELD"
    yield "orders, filter products", f"{orders}?entity__exact=PRODUCT"
    yield "orders, filter an old day", f"{orders}?placed_at_from={day}&placed_at_to={day}"
    yield "orders, filters state and day", f"{orders}?state__exact=UNCERTAIN&placed_at_from={day}&placed_at_to={day}"
    customer = User.objects.get(pk=middle.customer_id)
    for name, text in (
        ("number", str(middle.pk)),
        ("upstream id", str(middle.upstream_id)),
        ("reference", middle.reference),
        ("e-mail address", customer.email),
        ("part of an e-mail address", customer.email[:9]),
        ("link", middle.link),
        ("beginning of a link", middle.link.removeprefix("https://")[:25]),
        ("beginning of every link", "social.example.com"),
        ("nothing that there is", "no-such-thing-at-all"),
    ):
        yield f"orders, search {name}", f"{orders}?q={text}"
    yield "orders, search and filter", f"{orders}?q={customer.email}&state__exact=PARTIAL"
    for column in sorts(client, orders):
        yield f"orders, sort {column}", f"{orders}?o={column}"
    yield "orders, last page", f"{orders}?p={last}"
    yield "orders, last page of a filter", f"{orders}?state__exact=COMPLETED&p={last}"
    yield "order, its page", f"{orders}{middle.pk}/change/"
    transfers = "/admin/wallet/transfer/"
    yield "transfers", transfers
    for kind in Transfer.Kind.values:
        yield f"transfers, filter {kind}", f"{transfers}?kind__exact={kind}"
    yield "transfers, filter an old day", f"{transfers}?created_at_from={day}&created_at_to={day}"
    yield "transfers, search key", f"{transfers}?q=order:{middle.pk}:capture"
    yield "transfers, search e-mail address", f"{transfers}?q={customer.email}"
    for column in sorts(client, transfers):
        yield f"transfers, sort {column}", f"{transfers}?o={column}"
    yield "transfers, last page", f"{transfers}?p={last}"
    yield "holds", "/admin/wallet/hold/"
    yield "holds, filter open", "/admin/wallet/hold/?state__exact=OPEN"
    number = Number.objects.order_by("pk")[Number.objects.count() // 2]
    yield "numbers", "/admin/sms/number/"
    yield "numbers, search phone", f"/admin/sms/number/?q={number.phone}"
    yield "numbers, filter waiting", "/admin/sms/number/?state__exact=WAITING"
    yield "purchases of numbers", "/admin/sms/purchase/"
    month = f"since={middle.placed_at:%Y-%m}-01&until={middle.placed_at + timedelta(days=30):%Y-%m-%d}"
    since = f"since={middle.placed_at.year - 1}-01-01&until={middle.placed_at.year + 1}-12-31"
    for by in ("day", "service", "category", "customer", "country"):
        yield f"profit of a month by {by}", f"/admin/books/day/profit/?by={by}&{month}"
        yield f"profit of all time by {by}", f"/admin/books/day/profit/?by={by}&{since}"
    yield "profit by day of a service", f"/admin/books/day/profit/?by=day&service={Service.objects.first().pk}&{since}"
    yield (
        "profit by service of a category",
        f"/admin/books/day/profit/?by=service&category={Category.objects.first().pk}&{since}",
    )
    yield "profit by day of a customer", f"/admin/books/day/profit/?by=day&customer={customer.pk}&{since}"
    yield "month’s end", f"/admin/books/day/month/?month={middle.placed_at:%Y-%m}"
    yield "days", "/admin/books/day/"


def sorts(client, path: str) -> list[str]:
    """Each column that the list's headers offer to sort by, up and down."""
    offered = re.findall(r"[?;&]o=-?([0-9]+)[\"&]", client.get(path).content.decode())
    return [way + column for column in sorted(set(offered)) for way in ("", "-")]


def tell(**what: object) -> None:
    """One line of JSON."""
    print(json.dumps({"bench": "admin", **what}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    sys.exit(main())
