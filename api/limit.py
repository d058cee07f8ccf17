"""How often one key may ask: a count for each minute.

Kept in Redis where the broker is Redis, else in the database cache, which counts a little too kindly when two
requests come in the very same moment. A counter that can't be reached lets everybody through: it protects the
shop from haste, not the money.
"""

import logging
import time

import redis
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError

from core.shared import ask, shared_redis

log = logging.getLogger(__name__)

WINDOW = 60
# A counter that is slow to answer must not hold every request up.
_PATIENCE = 0.5


def seconds_to_wait(key: int | str) -> int:
    """Count one request of the key; 0 when it may go ahead, else after how many seconds it may ask again.

    `key` is its id, or a name that begins with it, for what is counted apart.
    """
    now = time.time()
    window = int(now // WINDOW)
    try:
        count = _count(f"api:{key}:{window}")
    except (redis.RedisError, DatabaseError) as error:
        log.warning("requests are not counted: %s", type(error).__name__)
        return 0
    if count <= settings.API_PER_MINUTE:
        return 0
    return max(int((window + 1) * WINDOW - now) + 1, 1)


def _count(name: str) -> int:
    connection = shared_redis(settings.CELERY_BROKER_URL, patience=_PATIENCE)
    if connection is None:
        cache.add(name, 0, timeout=2 * WINDOW)
        try:
            return cache.incr(name)
        except ValueError:  # culled in this very moment
            return 1
    # Made before it is counted, so that none is there that never ends.
    return int(ask(connection, ("SET", name, 0, "EX", 2 * WINDOW, "NX"), ("INCR", name))[1])
