"""How much of a service there is, for somebody who looks at its page.

The vendor is asked for one service at most every 30 seconds by all processes together, and only while its budget has
room to spare: purchases come first. Otherwise our copy is shown, with its age.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import OuterRef, Subquery

from catalog import stock
from catalog.freshness import whole_copies
from catalog.models import Service, StockLook
from upstream.client import NotSent
from upstream.pace import room

AGAIN = timedelta(seconds=30)
# Looks may take this share of the calls that the vendor allows in a second.
SHARE = 4


@dataclass(frozen=True)
class Seen:
    """A service's stock (pieces; None: the vendor does not count it) and when the vendor said so."""

    stock: int | None
    at: datetime | None

    @property
    def version(self) -> str:
        """Changes with anything that is shown."""
        return f"{self.stock}-{self.at.timestamp():.0f}" if self.at else f"{self.stock}-"


def known(service: Service) -> Seen:
    """What our copy says, without asking."""
    looked = StockLook.objects.filter(service=OuterRef("pk")).values("told_at")
    told = Service.objects.filter(pk=service.pk).values_list(Subquery(looked), Subquery(whole_copies()[:1]))
    moments = [moment for moment in told.get() if moment]
    return Seen(service.stock, max(moments, default=None))


def look(service: Service, *, now: datetime) -> Seen:
    """Ask the vendor if it is time to, and return what is known then. Never raises for a vendor that is silent."""
    if service.stock is None or not _mine(service, now):
        return known(service)
    try:
        told = stock.look_up(service)
    except NotSent:
        return known(service)
    if told is None:  # the vendor has no word on this one
        return known(service)
    StockLook.objects.filter(service=service).update(told_at=now)
    service.stock = told
    return Seen(told, now)


def _mine(service: Service, now: datetime) -> bool:
    """Whether this process is the one that asks now; no other does for the next half a minute."""
    if StockLook.objects.filter(service=service, asked_at__gt=now - AGAIN).exists():
        return False
    lately = StockLook.objects.filter(asked_at__gt=now - timedelta(seconds=1)).count()
    if lately >= max(math.floor(settings.UPSTREAM_MAX_PER_SECOND / SHARE), 1) or not room("ask", 1):
        return False
    claimed = StockLook.objects.filter(service=service, asked_at__lte=now - AGAIN).update(asked_at=now)
    if claimed:
        return True
    made = StockLook.objects.bulk_create([StockLook(service=service, asked_at=now)], ignore_conflicts=True)
    return bool(made) and StockLook.objects.filter(service=service, asked_at=now, told_at=None).exists()
