"""Asking for running orders and sending placed ones with one, two and four worker processes.

    .venv/bin/python -m bench.workers [--seconds 5] [--threads 4] [--wait 0.2] [--orders 6000]

Starts PostgreSQL, Valkey and a vendor that answers after `--wait` seconds, and fills the shop with orders
(`bench/loader.py`). The processes share the database and the pace in Valkey, as workers do. Each makes `--threads`
calls at a time: with so few calls and so long a wait the processors are idle most of the time, so that what is
measured is whether the processes keep out of each other's way, and not how many processors the machine has. The pace
lets all of them through. Prints a row for each of:

polling: the worker's own `orders.poll.poll_due`, in batches of as many orders as a process has threads. Claims are
fifty times as frequent as with a worker's whole batches of 200, and all processes claim from the same due orders.

submitting: the sweep's query and `orders.submit.submit` for each order that it found, by the threads. One sweep deals
the orders out to all workers, by the broker; here each process takes its share of them by their numbers. `--undealt`
lets all of them want the same orders: `had_by_others` says how many claims were lost to another process.

`--seconds 2 --orders 1000` tries it out.
"""

import argparse
import logging
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.processes import Process, Work, processes, rate, until
from bench.row import tell
from bench.stage import KEY, stage
from bench.vendor import ADDED, BALANCE, running, vendor

COUNTS = (1, 2, 4)
LEAST = 3.4


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=5.0)
    options.add_argument("--threads", type=int, default=4, help="in each process")
    options.add_argument("--wait", type=float, default=0.2, help="seconds until the vendor answers")
    options.add_argument("--orders", type=int, default=6000)
    options.add_argument("--undealt", action="store_true", help="every process wants every order")
    given = options.parse_args()
    with (
        stage(name="workers", database="postgres"),
        vendor({"*": BALANCE, "add": ADDED, "status": running()}, seconds=given.wait) as url,
    ):
        from django.db import connection

        from bench.loader import load

        load(orders=given.orders, transfers=given.orders * 2, running=given.orders)
        connection.close()
        with processes(max(COUNTS)) as those:
            for one in those:
                one.do(take_up, url, given.threads)
            polling = measure(those, due, polled, given)
            submitting = measure(those, unsent, submitted, given)
            summary("polling", polling, given)
            lost = sum(one.do(how_many_lost) for one in those)
            summary("submitting", submitting, given, had_by_others=lost, orders_sent=proved())


def measure(those: list[Process], ready: Work, work: Work, given: argparse.Namespace) -> dict[int, float]:
    """How many a second, by the number of processes."""
    from django.db import connection

    rates = {}
    for count in (max(COUNTS), *COUNTS):  # the first one warms up: connections are opened, SQL is composed
        ready()
        connection.close()
        shares = 1 if given.undealt else count
        rates[count] = rate(those[:count], work, shares, seconds=given.seconds)
    return rates


def summary(name: str, rates: dict[int, float], given: argparse.Namespace, **more: Any) -> None:
    ratio = rates[4] / rates[1]
    tell(
        f"{name} with 4 worker processes, {given.threads} calls at a time each, answers after {given.wait:.2g} s",
        measured=rates[4],
        unit="orders/s",
        compared_with=rates[1],
        with_what="one process",
        ratio=ratio,
        with_two=rates[2],
        four_can_at_most=4 * given.threads / given.wait,
        **more,
        goal=f"at least {LEAST} times",
        met=ratio >= LEAST,
    )


def due() -> None:
    """Every running order is due, and none will hear anything new."""
    with_sql(
        """UPDATE orders_order SET state = 'RUNNING', next_poll_at = now() - interval '1 minute', poll_claim = '',
        poll_failures = 0, upstream_status = 'In progress', upstream_charge = 500000, remains = 500, start_count = 10,
        taken = 500000, flag = '' WHERE state = 'RUNNING'"""
    )


def unsent() -> None:
    """Every order that is not over waits to be sent."""
    with_sql(
        """UPDATE orders_order SET state = 'PLACED', not_before = now(), upstream_id = NULL, next_poll_at = NULL,
        accepted_at = NULL, claim = '', tries = 0, entity = 'SMM' WHERE state IN ('RUNNING', 'PLACED')""",
        "DELETE FROM orders_attempt",
    )


def with_sql(*statements: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in (*statements, "VACUUM ANALYZE orders_order"):
            cursor.execute(statement)


# In each process: its threads, and how many claims it lost to another process.
_own: dict[str, Any] = {}


def take_up(url: str, threads: int) -> None:
    """In a process: where the vendor is, and how many calls it makes at a time."""
    from django.conf import settings

    logging.getLogger("orders.submit").setLevel(logging.WARNING)  # a line for each order, between the rows
    settings.UPSTREAM_URL, settings.UPSTREAM_KEY = url, KEY
    settings.UPSTREAM_MAX_PER_SECOND, settings.UPSTREAM_MAX_CONCURRENCY = 100_000.0, threads * max(COUNTS)
    _own.update(threads=threads, pool=ThreadPoolExecutor(threads), lost=0)


def how_many_lost() -> int:
    """In a process: how many orders it wanted that another process had."""
    return int(_own["lost"])


def polled(_place: int, _shares: int, *, seconds: float) -> tuple[int, float]:
    """In a process: how many orders it asked for, and how long that took."""
    from orders import poll

    began, more, done = time.monotonic(), until(seconds), 0
    while more():
        done += poll.poll_due(limit=_own["threads"])
    return done, time.monotonic() - began


def submitted(place: int, shares: int, *, seconds: float) -> tuple[int, float]:
    """In a process: how many orders of its share it sent, and how long that took."""
    from django.utils import timezone

    from orders.models import Order
    from orders.submit import submit
    from upstream import forwarding

    began, more, done = time.monotonic(), until(seconds), 0

    def send(order: int) -> bool | None:
        return submit(order_id=order) == forwarding.RUNNING if more() else None

    while more():
        ids = forwarding.sweep(Order, now=timezone.now())
        if not ids:
            break
        came = list(_own["pool"].map(send, [pk for pk in ids if pk % shares == place % shares]))
        done += came.count(True)
        _own["lost"] += came.count(False)
    return done, time.monotonic() - began


def proved() -> int:
    """How many orders were sent last; every one of them once, or this ends the bench."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*), (SELECT count(*) FROM orders_attempt), count(DISTINCT upstream_id) FROM orders_order
            WHERE state = 'RUNNING'"""
        )
        running_now, attempts, known = cursor.fetchone()
    if not running_now == attempts == known:
        sys.exit(f"{running_now} orders run, after {attempts} calls, as {known} of the vendor's")
    return int(running_now)


if __name__ == "__main__":
    main()
