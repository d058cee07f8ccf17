"""Notice that the database went back in time: somebody put a backup back, and the shop has done more since.

Readings of our balance are numbered, and the highest number is remembered beside the pace, where the broker is
Redis. A database that does not know that reading is older than what was done, so nothing in it may be sent:
it may have been sent already. `manage.py restore` and `manage.py after_restore` see to that and accept the
database as it is. Where no Redis is, nothing remembers, and only those commands protect.
"""

import logging
from datetime import datetime
from typing import NamedTuple

import redis

from core.alerts import alert, resolve
from core.models import Alert
from upstream.models import BalanceReading
from upstream.pace import current_pace

log = logging.getLogger(__name__)

KEY = "last-reading"
# Set once it was noticed, and until somebody accepts the database: readings count on and would cover it up.
NOTICED = "database-went-back"
ALERT = "database:rewound"


def remember(reading: int) -> None:
    """Keep the number of the newest reading, unless a higher one is known."""
    known = _known()
    if known is not None and reading > known.reading:
        _write(KEY, reading)


def went_back(*, now: datetime) -> bool:
    """Whether the database is older than what this shop has done; raises an alert if so."""
    known = _known()
    if known is None:
        return False
    if not known.noticed:
        last = BalanceReading.last_begun()
        if last >= known.reading:
            return False
        if not last:
            # A shop that begins anew with an old Redis: it has done nothing yet that could be done twice.
            _write(KEY, 0)
            return False
        _write(NOTICED, 1)
    alert(
        key=ALERT,
        subject="The database is older than what this shop has done: nothing is sent",
        detail="It looks like a restored backup. Stop the workers, run `manage.py after_restore`, start them again.",
        severity=Alert.Severity.CRITICAL,
        now=now,
    )
    return True


def accept(*, now: datetime) -> None:
    """Take the database as it is for the truth."""
    _write(KEY, BalanceReading.last_begun())
    _write(NOTICED, 0)
    resolve(key=ALERT, now=now)


class _Known(NamedTuple):
    reading: int
    noticed: bool


def _known() -> _Known | None:
    """What is remembered, by one question since every purchase asks; None where nothing can be."""
    connection = current_pace().redis
    if connection is None:
        return None
    try:
        reading, noticed = connection.mget(KEY, NOTICED)
        return _Known(int(reading or 0), bool(int(noticed or 0)))
    except (redis.RedisError, ValueError):
        return None


def _write(key: str, value: int) -> None:
    connection = current_pace().redis
    if connection is None:
        return
    try:
        connection.set(key, value)
    except redis.RedisError as error:
        log.warning("%s can't be remembered: %s", key, type(error).__name__)
