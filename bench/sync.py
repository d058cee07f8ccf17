"""The catalogue's sync with 100,000 services, beside decoding the same bytes and merging them by COPY.

    .venv/bin/python -m bench.sync [--services 100000] [--rounds 3]

Starts PostgreSQL. In each round: a sync into an empty catalogue and one that finds it unchanged, each in a process of
its own whose peak memory is taken; and the same by hand, the least that any program could do: decode, COPY into a
temporary table, merge what differs. The vendor's answer comes over a socket for ours, from a file for the other.
"""

import argparse
import json
import multiprocessing
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from bench.row import tell
from bench.stage import KEY, stage
from bench.vendor import vendor

MERGE = """INSERT INTO raw (service, name, category, type, entity, rate, min, max, refill, cancel)
    SELECT * FROM fresh ON CONFLICT (service) DO UPDATE SET name = excluded.name, category = excluded.category,
        type = excluded.type, entity = excluded.entity, rate = excluded.rate, min = excluded.min, max = excluded.max,
        refill = excluded.refill, cancel = excluded.cancel
    WHERE (raw.*) IS DISTINCT FROM (excluded.*)"""
COLUMNS = "service bigint, name text, category text, type text, entity text, rate bigint, min bigint, max bigint, "
COLUMNS += "refill boolean, cancel boolean"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--services", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    with stage(name="sync", database="postgres") as (_sandbox, home):
        body = home / "services.json"
        # Made in a process of its own: what this one holds would be counted as the sync's memory.
        apart(lambda path: path.write_bytes(listing(given.services)), body)
        took, peak = measure(body, given.rounds)
    for name, most in (("new", 4.0), ("unchanged", 2.0)):
        ratio = statistics.median(a / b for a, b in zip(took[name], took[f"raw {name}"], strict=True))
        tell(
            f"sync of {given.services} services, {name}",
            measured=statistics.median(took[name]),
            unit="s",
            compared_with=statistics.median(took[f"raw {name}"]),
            with_what="decoding and merging the same bytes by COPY",
            ratio=ratio,
            goal=f"at most {most:g} times",
            met=ratio <= most,
        )
    tell("sync, peak memory", measured=peak, unit="MB", goal="at most 300 MB", met=peak <= 300)


def measure(body: Path, rounds: int) -> tuple[dict[str, list[float]], float]:
    """Seconds of each way in each round, and the peak memory of ours in MB."""
    from django.db import connection

    took: dict[str, list[float]] = {name: [] for name in ("new", "unchanged", "raw new", "raw unchanged")}
    peak = 0.0
    names = [{"category": f"Category {number}", "subcategories": []} for number in range(40)]
    with vendor({"services": body, "categories": json.dumps({"categories": names}).encode()}) as url:
        for _round in range(rounds):
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE catalog_service, catalog_category, catalog_syncrun CASCADE")
                cursor.execute(f"DROP TABLE IF EXISTS raw; CREATE TABLE raw ({COLUMNS}, PRIMARY KEY (service))")
            connection.close()
            for name in ("new", "unchanged"):
                seconds, memory = apart(ours, url)
                took[name].append(seconds)
                peak = max(peak, memory)
            for name in ("raw new", "raw unchanged"):
                took[name].append(apart(raw, body)[0])
    return took, peak


def listing(services: int) -> bytes:
    """What the vendor answers to `services`: as wide as its own rows are."""
    rows = [
        {
            "service": 1000 + number,
            "name": f"Instagram Followers | quality {number} | Max {number % 900 + 1}K | Refill {number % 90} days",
            "category": f"Category {number % 40}",
            "type": "Default",
            "entityType": "product" if number % 20 == 0 else "smm",
            "rate": f"{0.2 + number % 5000 / 1000:.4f}",
            "min": 10,
            "max": 100_000,
            "refill": number % 3 == 0,
            "cancel": number % 2 == 0,
            "autoDelivery": True,
        }
        for number in range(services)
    ]
    return json.dumps({"services": rows}).encode()


def apart(what: Any, given: Any) -> tuple[float, float]:
    """Seconds that `what` took in a process of its own, and that process's peak memory in MB."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(False)

    def run() -> None:
        began = time.perf_counter()
        what(given)
        took = time.perf_counter() - began
        sender.send((took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))

    process = context.Process(target=run)
    process.start()
    sender.close()
    try:
        answer: tuple[float, float] = receiver.recv()
    except EOFError:
        sys.exit("the process died")
    process.join()
    return answer


def ours(url: str) -> None:
    """The shop's sync, as the worker runs it."""
    from django.conf import settings

    from catalog.sync import sync_catalog

    settings.UPSTREAM_URL, settings.UPSTREAM_KEY = url, KEY
    run = sync_catalog()
    if not run.ok or not run.seen:
        sys.exit(f"the sync failed: {run.error}")


def raw(body: Path) -> None:
    """The least: decode, COPY, merge."""
    from django.db import connection, transaction

    from upstream import replies

    rows = replies.services(body.read_bytes()).good
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE fresh ({COLUMNS}) ON COMMIT DROP")
        with cursor.copy("COPY fresh FROM STDIN") as copy:
            for row in rows:
                rate = int(row.rate * 1_000_000)
                copy.write_row(
                    (
                        *(row.service, row.name, row.category, row.type, row.entity_type, rate),
                        *(row.min, row.max, row.refill, row.cancel),
                    )
                )
        cursor.execute(MERGE)


if __name__ == "__main__":
    main()
