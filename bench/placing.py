"""How many orders a second 200 customers place at once, beside psycopg that writes the same rows.

    .venv/bin/python -m bench.placing [--seconds 5] [--rounds 4] [--customers 200] [--threads 8]

Starts PostgreSQL, Valkey and a sandbox to take the catalogue from. The customers have money and are spread over two
processes, as over two processes of the web server; `--threads` of them are at work in each process at a time, the
others wait for their turn (8, as the web server has them; with 100 every customer has a thread and a connection of
their own). In each round they place orders by
`orders.place.order`, and then as many threads write what a placement writes by psycopg alone: what the account
holds, the hold, the order, its event, and nothing else. Not in it are what a placement reads (service, prices,
rules, debts, suspensions) and the nudge to the worker, a task that is sent to the broker for each order: both are on
our side only. The first round warms up. Before, the bench looks up what a placement writes, and ends when that is not
what it is compared with; afterwards it counts the orders and compares what is held with the holds.

`--seconds 1 --rounds 1 --customers 20` tries it out.
"""

import argparse
import re
import statistics
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bench.processes import processes, rate, until
from bench.row import tell
from bench.stage import stage

PROCESSES = 2
LINK = "https://example.com/name"

HELD = """UPDATE wallet_account SET held = held + %s WHERE id = %s AND balance >= held + %s
    RETURNING id, kind, owner_id, balance, held"""
HOLD = """INSERT INTO wallet_hold (key, account_id, amount, captured, refunded, state, created_at, closed_at)
    VALUES (%s, %s, %s, 0, 0, 'OPEN', %s, NULL) ON CONFLICT DO NOTHING RETURNING id"""
ORDER = """INSERT INTO orders_order (not_before, tries, claim, leased_until, below_cost, finding, evidence,
    next_poll_at, poll_claim, poll_failures, asked_reading, ended_reading, upstream_charge, taken, reference,
    customer_id, service_id, service_name, entity, link, quantity, plan_id, run, unit, rate, price, cost, charge,
    hold_id, form_key, state, reason, delivered, warranty_days, upstream_id, upstream_status, start_count, remains,
    flag, twice, news_at, placed_at, accepted_at, changed_at, finished_at, goods_removed_at)
    VALUES (%s, 0, '', NULL, '', '', '', NULL, '', 0, NULL, NULL, NULL, NULL, %s, %s, %s, %s, %s, %s, %s, NULL, 0,
    %s, %s, %s, %s, %s, %s, '', 'PLACED', '', 0, 0, NULL, '', NULL, NULL, '', 0, NULL, %s, NULL, %s, NULL, NULL)
    RETURNING id"""
EVENT = """INSERT INTO orders_orderevent (order_id, kind, amount, count, note, actor_id, at)
    VALUES (%s, 'PLACED', %s, NULL, '', NULL, %s) RETURNING id"""

# In each process: what every customer of it needs, made once.
_work: dict[str, Any] = {}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=5.0)
    options.add_argument("--rounds", type=int, default=4)
    options.add_argument("--customers", type=int, default=200)
    options.add_argument("--threads", type=int, default=8, help="at work at a time in each process")
    given = options.parse_args()
    threads = min(given.threads, given.customers // PROCESSES)
    with stage(name="placing", database="postgres"):
        from django.db import connection

        customers, service, like = prepare(given.customers)
        connection.close()
        with processes(PROCESSES) as those:
            for place, one in enumerate(those):
                one.do(take_up, customers[place::PROCESSES], service, like, threads)
            ours, raw = [], []
            for _round in range(given.rounds + 1):
                ours.append(rate(those, placed, seconds=given.seconds))
                raw.append(rate(those, written, seconds=given.seconds))
            told = 1 + sum(one.do(how_many) for one in those)
        problems = proved(told)
    ours, raw = ours[1:], raw[1:]
    ratio = statistics.median(a / b for a, b in zip(ours, raw, strict=True))
    tell(
        f"placing, {given.customers} customers at once, {threads} threads in each of {PROCESSES} processes",
        measured=statistics.median(ours),
        unit="orders/s",
        compared_with=statistics.median(raw),
        with_what="the same rows written by psycopg alone, without what is read and without the nudge",
        ratio=ratio,
        orders=told,
        problems=problems,
        goal="at least 35 %",
        met=ratio >= 0.35 and not problems,
    )


def prepare(wanted: int) -> tuple[list[tuple[int, int]], int, dict[str, Any]]:
    """The customers with their accounts, a service, and an order to be like, which was placed and looked at."""
    from django.db import connection
    from django.utils import timezone

    from accounts.models import User
    from catalog.models import Service
    from catalog.sync import sync_catalog
    from orders import place
    from orders.models import Order
    from wallet import ledger

    sync_catalog()
    now = timezone.now()
    service = Service.objects.filter(entity=Service.Entity.SMM).order_by("price")[0]
    customers = []
    for number in range(wanted):
        customer = User.objects.create_user(f"placing{number}@example.com")
        account = ledger.account_of(customer)
        ledger.adjust(account=account, amount=Decimal(1_000_000), key=f"placing{number}", memo="bench", now=now)
        customers.append((customer.pk, account.pk))
    asked = {"customer": customer, "service_id": service.pk, "quantity": service.min, "link": LINK, "now": now}
    seen: list[str] = []

    def look(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(look):
        order = place.order(**asked)
    ours, raw = (sorted(filter(None, map(writes, those))) for those in (seen, [HELD, HOLD, ORDER, EVENT]))
    if ours != raw:
        sys.exit(f"a placement no longer writes what it is compared with:\n{ours}\n{raw}")
    columns = ("service_id", "service_name", "entity", "link", "quantity", "unit", "rate", "price", "cost", "charge")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM {Order._meta.db_table} WHERE id = %s", [order.pk])
        return customers, service.pk, dict(zip(columns, cursor.fetchone(), strict=True))


def writes(sql: str) -> tuple[str, str, tuple[str, ...]] | None:
    """What a statement writes: the verb, the table, the columns. None for one that only reads."""
    words = sql.replace('"', "")
    if made := re.match(r"INSERT INTO (\w+) \(([\w,\s]+)\)", words):
        return "INSERT", made[1], tuple(sorted(re.findall(r"\w+", made[2])))
    if changed := re.match(r"UPDATE (\w+) SET (.*) WHERE", words):
        return "UPDATE", changed[1], tuple(sorted(re.findall(r"(\w+) =", changed[2])))
    return None


def take_up(customers: list[tuple[int, int]], service: int, like: dict[str, Any], threads: int) -> None:
    """In a process: these are its customers, each thread's own."""
    _work.update(shares=[customers[n::threads] for n in range(threads)], service=service, like=like, placed=0)


def how_many() -> int:
    """In a process: how many orders it has made so far, by both ways."""
    return int(_work["placed"])


def placed(_place: int, *, seconds: float) -> tuple[int, float]:
    """In a process: its customers place orders by the shop's act; how many, and how long it took."""
    from django.db import connection
    from django.utils import timezone

    from accounts.models import User
    from orders import place

    service = _work["service"]
    quantity = _work["like"]["quantity"]

    def begin(share: list[tuple[int, int]]) -> Callable[[int], None]:
        users = [User.objects.get(pk=customer) for customer, _account in share]

        def one(n: int) -> None:
            customer = users[n % len(users)]
            place.order(customer=customer, service_id=service, quantity=quantity, link=LINK, now=timezone.now())

        return one

    return side_by_side(begin, lambda: connection.close(), seconds)


def written(_place: int, *, seconds: float) -> tuple[int, float]:
    """In a process: its customers' orders are written by psycopg alone; how many, and how long it took."""
    import psycopg
    from django.db import connection

    from orders.models import new_reference

    like, local = _work["like"], threading.local()
    given = connection.get_connection_params()
    known = {name: given[name] for name in ("dbname", "user", "host") if given.get(name)}

    def begin(share: list[tuple[int, int]]) -> Callable[[int], None]:
        local.connection = raw = psycopg.connect(**known, autocommit=True)

        def one(n: int) -> None:
            customer, account = share[n % len(share)]
            now, reference, charge = datetime.now(UTC), new_reference(), like["charge"]
            with raw.transaction(), raw.cursor() as cursor:
                if cursor.execute(HELD, [charge, account, charge]).fetchone() is None:
                    raise RuntimeError("out of money")
                hold = cursor.execute(HOLD, [f"order:{reference}:hold", account, charge, now]).fetchone()[0]
                ours = [like[name] for name in ("service_id", "service_name", "entity", "link", "quantity")]
                sums = [like[name] for name in ("unit", "rate", "price", "cost", "charge")]
                order = cursor.execute(ORDER, [now, reference, customer, *ours, *sums, hold, now, now]).fetchone()[0]
                cursor.execute(EVENT, [order, charge, now])

        return one

    return side_by_side(begin, lambda: local.connection.close(), seconds)


def side_by_side(
    begin: Callable[[list[tuple[int, int]]], Callable[[int], None]], end: Callable[[], None], seconds: float
) -> tuple[int, float]:
    """Every thread makes ready by `begin`, and then all of them do what it gave for so many seconds."""
    shares = _work["shares"]
    ready = threading.Barrier(len(shares) + 1)

    def work(share: list[tuple[int, int]]) -> int:
        try:
            try:
                one = begin(share)
            finally:
                ready.wait()
            more, done = until(seconds), 0
            while more():
                one(done)
                done += 1
            return done
        finally:
            end()

    with ThreadPoolExecutor(len(shares)) as pool:
        all_of_them = [pool.submit(work, share) for share in shares]
        ready.wait()
        began = time.monotonic()
        done = sum(one.result() for one in all_of_them)
        took = time.monotonic() - began
    _work["placed"] += done
    return done, took


def proved(told: int) -> list[str]:
    """What the database knows otherwise: as many orders as were told, and all that is held is in an open hold."""
    from django.db import connection

    problems = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT hold_id), count(DISTINCT reference) FROM orders_order")
        found = set(cursor.fetchone())
        if found != {told}:
            problems.append(f"{told} orders were placed, and there are {sorted(found)}")
        cursor.execute("SELECT count(*) FROM orders_orderevent WHERE kind = 'PLACED'")
        events = cursor.fetchone()[0]
        if events != told:
            problems.append(f"{told} orders were placed, and there are {events} events")
        cursor.execute(
            """SELECT count(*) FROM wallet_account a WHERE held <> (SELECT coalesce(sum(amount), 0) FROM wallet_hold
            WHERE account_id = a.id AND state = 'OPEN') OR held > balance"""
        )
        wrong = cursor.fetchone()[0]
        if wrong:
            problems.append(f"{wrong} accounts don't hold what their holds say")
    return problems


if __name__ == "__main__":
    main()
