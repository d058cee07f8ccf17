"""Own prices that cost has overtaken: the least price holds in their place, and the operators are told."""

from datetime import datetime

from django.db.models import F, QuerySet

from catalog.models import Service
from core.alerts import alert, resolve

KEY = "own-prices:floored"


def floored() -> QuerySet[Service]:
    """Services on sale whose own price is below cost and minimum margin by now, so that another one holds."""
    return Service.objects.filter(state=Service.State.ON_SALE, own_price__lt=F("price"))


def look(*, now: datetime) -> int:
    """Tell the operators of such prices, or that there are none any more; returns how many. Call it where costs,
    rules or own prices have changed.
    """
    count = floored().count()
    if count:
        alert(
            key=KEY,
            subject=f"Own prices below cost and minimum margin: {count:,}",
            detail="The vendor's cost, or a rule's minimum margin, rose above them, so the least price holds in their "
            "place. Catalogue → Services, filter “own price”: set them anew, or take them away.",
            now=now,
        )
    else:
        resolve(key=KEY, now=now)
    return count
