"""Wait for the numbers of a purchase: `add_sms` answers with them, while buying goes its own way.

The request only looks at the rows. A thread of the web server waits meanwhile, so not all of them may.
"""

import contextlib
import threading
import time
from collections.abc import Iterator

from django.conf import settings

from api.refusals import TooMany
from sms import states
from sms.models import Purchase

# Of the threads of one web process; the others go on serving.
PLACES = 4
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.5
_UNDER_WAY = (states.PLACED, states.SUBMITTING, states.UNCERTAIN)

_places = threading.BoundedSemaphore(PLACES)


@contextlib.contextmanager
def place() -> Iterator[None]:
    """One of the places to wait in. Raises `TooMany` when all are taken; then nothing has been bought."""
    if not _places.acquire(blocking=False):
        raise TooMany("Too many requests for numbers at once: try again in 2 s", seconds=2)
    try:
        yield
    finally:
        _places.release()


def settled(purchase: Purchase) -> Purchase:
    """The purchase once its fate is known, or as it is after API_NUMBERS_WAIT seconds."""
    ends = time.monotonic() + settings.API_NUMBERS_WAIT
    pause = _FIRST_PAUSE
    purchase.refresh_from_db()
    # A doubt may last for hours: it is not waited for.
    while purchase.state in (states.PLACED, states.SUBMITTING) and (left := ends - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        purchase.refresh_from_db(fields=["state", "reason"])
    return purchase


def is_under_way(purchase: Purchase) -> bool:
    """Whether numbers may still come of it."""
    return purchase.state in _UNDER_WAY
