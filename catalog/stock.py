"""Look up how much of a service the vendor has, and remember it in our copy."""

import logging
import time

from django.db import DatabaseError

from catalog.models import Service
from upstream.client import Held, NotSent, Refused, Unanswered, client

log = logging.getLogger(__name__)

# Seconds a vendor gets for its answer. A purchase that has been claimed waits for it, and its lease goes on.
PATIENCE = 3.0
# Together with connecting it may take longer; after this many seconds there is too little of the lease left.
TOO_LONG = 4.0


class NoAnswer(NotSent):
    """The vendor did not say: nothing was bought, and asking again is harmless."""


def look_up(service: Service) -> int | None:
    """Pieces of `service` that can be bought right now; None when the vendor won't say of this one.

    Raises `NotSent`: the pace lets no call through, or no answer came in time.
    """
    began = time.monotonic()
    try:
        told = client().inventory(service=service.upstream_id, patience=PATIENCE)
    except Held:
        raise
    except Refused as error:
        log.info("service %s: its stock is not told: %s", service.pk, error)
        return None
    except (NotSent, Unanswered) as error:
        raise NoAnswer(f"the stock was not told: {error}", retry_after=getattr(error, "retry_after", 1.0)) from None
    if time.monotonic() - began > TOO_LONG:
        raise NoAnswer("the stock was told too late")
    stock = told.stock if told.available else 0
    try:
        Service.objects.filter(pk=service.pk).exclude(stock=stock).update(stock=stock)
    except DatabaseError as error:  # a copy that stays old must not put a purchase into doubt
        log.warning("service %s: its stock was not remembered: %s", service.pk, type(error).__name__)
    return stock
