"""Where the processes' counts meet: a hash in Redis where the broker is one, otherwise the table `MetricSum`.

Not Prometheus's own files for several processes: those need a folder that all share, which processes in containers or
on other machines don't, and they pile up as web servers make their processes anew.
"""

from collections.abc import Mapping

import redis
from django.conf import settings
from django.db import DatabaseError, connection, transaction

from core.models import MetricSum
from core.shared import shared_redis

KEY = "metrics"
# Nobody waits for it but its own thread and a scrape.
_PATIENCE = 1.0


class Away(Exception):
    """The store can't be reached; its words say no address."""


def add(added: Mapping[str, float], *, put: Mapping[str, float]) -> None:
    """Add to the sums, and put values in the place of others: all of it or, raising `Away`, nothing."""
    shared = shared_redis(settings.CELERY_BROKER_URL, patience=_PATIENCE, decode=True)
    try:
        if shared is None:
            _add_rows(added, put)
            return
        with shared.pipeline() as pipe:
            for name, value in added.items():
                pipe.hincrbyfloat(KEY, name, value)
            if put:
                pipe.hset(KEY, items=[part for pair in put.items() for part in pair])
            pipe.execute()
    except (redis.RedisError, DatabaseError) as error:
        raise Away(type(error).__name__) from None


def read() -> dict[str, float]:
    """Every sum by its name. Raises `Away`."""
    shared = shared_redis(settings.CELERY_BROKER_URL, patience=_PATIENCE, decode=True)
    try:
        if shared is None:
            return dict(MetricSum.objects.values_list("name", "value"))
        return {str(name): float(value) for name, value in shared.hgetall(KEY).items()}
    except (redis.RedisError, DatabaseError) as error:
        raise Away(type(error).__name__) from None


def _add_rows(added: Mapping[str, float], put: Mapping[str, float]) -> None:
    table = connection.ops.quote_name(MetricSum._meta.db_table)
    with transaction.atomic():
        for rows, value in ((added, f"{table}.value + excluded.value"), (put, "excluded.value")):
            if rows:
                # In one order, so that two processes don't wait for each other in a circle.
                pairs = [part for name in sorted(rows) for part in (name, rows[name])]
                marks = ", ".join(["(%s, %s)"] * len(rows))
                with connection.cursor() as cursor:
                    cursor.execute(
                        f"INSERT INTO {table} (name, value) VALUES {marks} "  # noqa: S608  # nosec B608
                        f"ON CONFLICT (name) DO UPDATE SET value = {value}",
                        pairs,
                    )
