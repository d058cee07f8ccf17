"""How long a code takes from the vendor to our database, with many numbers waiting at once.

    .venv/bin/python -m bench.codes [--numbers 500] [--database sqlite|postgres]

Starts Valkey (and PostgreSQL), a sandbox, a Celery worker and beat; buys the numbers; lets their codes come at
random moments of a minute; and prints one JSON line: seconds from “available at the vendor” to “in our database”
(median, p95, worst), calls to the vendor for each number, and for comparison how many calls a bare
`requests.Session` makes a second with as many threads, just before, on the same machine.
"""

import argparse
import json
import random
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bench.bare import bare_rate
from bench.row import p95
from bench.stage import KEY, stage

PER_SECOND = 400
CONCURRENCY = 16
WINDOW = 60.0  # seconds over which the codes come


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--numbers", type=int, default=500)
    options.add_argument("--database", choices=["sqlite", "postgres"], default="postgres")
    given = options.parse_args()

    with stage(name="codes", database=given.database) as (vendor, home):
        from django.conf import settings
        from django.db import connection

        from tests.house import House

        settings.UPSTREAM_MAX_PER_SECOND, settings.UPSTREAM_MAX_CONCURRENCY = 1000.0, CONCURRENCY
        bare = bare_rate(vendor.url, threads=CONCURRENCY, seconds=3, action="balance")
        numbers = buy_numbers(vendor, given.numbers)
        asked = vendor.received.total()
        connection.close()
        environment = {
            "UPSTREAM_MAX_PER_SECOND": str(PER_SECOND),
            "UPSTREAM_MAX_CONCURRENCY": str(CONCURRENCY),
        }
        house = House(home=home, upstream_url=vendor.url, upstream_key=KEY, environment=environment)
        house.run("worker")
        house.run("beat")
        begun = time.monotonic()
        try:
            waits = wait_for_codes(vendor, numbers)
        finally:
            house.stop()
        calls = vendor.received.total() - asked
        elapsed = time.monotonic() - begun
    print(
        json.dumps(
            {
                "bench": "codes",
                "database": given.database,
                "numbers": len(numbers),
                "codes": len(waits),
                "seconds_median": round(statistics.median(waits), 2),
                "seconds_p95": round(p95(waits), 2),
                "seconds_worst": round(max(waits), 2),
                "calls_per_number": round(calls / len(numbers), 1),
                "calls_per_second": round(calls / elapsed),
                "bare_session_calls_per_second": round(bare),
            }
        )
    )


def buy_numbers(vendor: object, wanted: int) -> list[int]:
    """Buy `wanted` numbers; their codes come at random moments from 10 seconds on. Our ids of them."""
    from django.utils import timezone

    from accounts.models import User
    from sms import acquire, buy
    from sms.models import Number, Project
    from sms.sync import sync_sms
    from wallet import ledger

    sync_sms()
    now = timezone.now()
    customer = User.objects.create_user("bench@example.com")
    ledger.adjust(account=ledger.account_of(customer), amount=Decimal(100_000), key="bench", memo="bench", now=now)
    project = Project.objects.get(upstream_id=vendor.vendor.projects_that("code", country="us")[0])
    chance = random.Random(1)
    for _ in range(wanted // 10):
        vendor.plan_sms(behaviour="code", seconds=10 + chance.uniform(0, WINDOW), lifetime=600.0, times=1)
        purchase = buy.numbers(customer=customer, project_id=project.pk, quantity=10, now=timezone.now())
        acquire.acquire(purchase_id=purchase.pk)
    ids = list(Number.objects.values_list("pk", flat=True))
    if len(ids) != wanted:
        sys.exit(f"bought {len(ids)} numbers, not {wanted}")
    return ids


def wait_for_codes(vendor: object, numbers: list[int]) -> list[float]:
    """Seconds from a code's moment at the vendor to the moment we stored it, for each number."""
    from sms.models import Message, Number

    ends = time.monotonic() + WINDOW + 40
    while time.monotonic() < ends and Message.objects.count() < len(numbers):
        time.sleep(1)
    begun = datetime.now(UTC) - timedelta(seconds=vendor.vendor.clock.now())
    waits = []
    for number in Number.objects.prefetch_related("messages"):
        message = number.messages.first()
        if message is None:
            continue
        available = begun + timedelta(seconds=vendor.vendor.numbers[number.upstream_id].messages[0].at)
        waits.append((message.received_at - available).total_seconds())
    return waits


if __name__ == "__main__":
    main()
