"""Asking for 100,000 open orders while the vendor takes 50 ms to answer, beside bare calls with as many threads.

    .venv/bin/python -m bench.polling [--orders 100000] [--seconds 10] [--rounds 3] [--threads 16]

Starts PostgreSQL and Valkey and fills the shop with orders that run and are due (`bench/loader.py`). In each round:
bare `requests.Session` calls, then the worker's own polling with every answer written down, on the same vendor. A
fifth of the answers bring news. Then, with all orders due, how long the claim of a batch takes the database.
"""

import argparse
import statistics
import time

from bench.admin import Asked
from bench.bare import bare_rate
from bench.row import tell
from bench.stage import KEY, stage
from bench.vendor import running, vendor

WAIT = 0.05


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orders", type=int, default=100_000)
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--threads", type=int, default=16)
    given = options.parse_args()
    with (
        stage(name="polling", database="postgres"),
        vendor({"*": running()}, seconds=WAIT) as url,
    ):
        from django.conf import settings

        from bench.loader import load

        settings.UPSTREAM_URL, settings.UPSTREAM_KEY = url, KEY
        settings.UPSTREAM_MAX_PER_SECOND, settings.UPSTREAM_MAX_CONCURRENCY = 100_000.0, given.threads
        load(orders=given.orders, transfers=given.orders * 2, running=given.orders)
        bare, ours = [], []
        for _round in range(given.rounds):
            bare.append(bare_rate(url, threads=given.threads, seconds=given.seconds / 3, action="status", order="1"))
            ours.append(polled_rate(given.seconds))
        claims = claim_times(20)
    ratio = statistics.median(a / b for a, b in zip(ours, bare, strict=True))
    tell(
        f"polling of {given.orders} open orders, {given.threads} threads, answers after 50 ms",
        measured=statistics.median(ours),
        unit="orders/s",
        compared_with=statistics.median(bare),
        with_what="bare requests.Session",
        ratio=ratio,
        goal="at least 70 %",
        met=ratio >= 0.7,
    )
    claim = statistics.median(claims)
    tell(
        f"claim of a batch among {given.orders} due orders",
        measured=claim,
        unit="ms",
        goal="at most 5 ms",
        met=claim <= 5,
    )


def polled_rate(seconds: float) -> float:
    """Orders a second that the shop asked for and wrote down, batch after batch as its worker does."""
    due()
    from orders import poll

    began, done = time.monotonic(), 0
    while time.monotonic() < began + seconds:
        done += poll.poll_due()
    return done / (time.monotonic() - began)


def due() -> None:
    """Every order is due; a fifth of them will hear something new."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE orders_order SET next_poll_at = now() - interval '1 minute', poll_failures = 0,
            upstream_status = 'In progress', upstream_charge = 500000, remains = CASE WHEN id %% 5 = 0 THEN 900
            ELSE 500 END, start_count = 10, taken = 500000, flag = '' WHERE state = 'RUNNING'""".replace("%%", "%")
        )
        cursor.execute("VACUUM ANALYZE orders_order")


def claim_times(rounds: int) -> list[float]:
    """Milliseconds that the database took for each claim of a batch, the first left out."""
    from django.db import connection
    from django.utils import timezone

    from orders import poll, states
    from orders.models import Order
    from upstream import claims, following

    due()
    took = []
    asked = Asked()
    for _round in range(rounds + 1):
        before = asked.seconds
        with connection.execute_wrapper(asked):
            won = following.won_now(Order.objects.filter(state=states.RUNNING), limit=poll.BATCH, now=timezone.now())
        took.append((asked.seconds - before) * 1000)
        claims.give_back(Order, won)
    return took[1:]


if __name__ == "__main__":
    main()
