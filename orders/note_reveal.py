"""Note that somebody saw or took the items of an order; their customer and the operators can read who it was."""

from datetime import UTC, datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import User
from orders.models import GoodsReveal, Order

# An order has at most so many rows: what comes after is counted in the newest one.
MOST = 500


def note_reveal(
    *, order: Order, actor: User, kind: GoodsReveal.Kind, address: str | None, count: int, now: datetime
) -> None:
    """Count `kind` for this person, address and day (UTC). To be called before the items leave the shop."""
    rows = GoodsReveal.objects.filter(order=order)
    same = {"actor": actor, "kind": kind, "address": address or "", "day": now.astimezone(UTC).date()}
    again = {"times": F("times") + 1, "count": count, "last_at": now}
    if rows.filter(**same).update(**again):
        return
    if rows.count() >= MOST:
        rows.filter(pk__in=rows.order_by("-pk").values_list("pk", flat=True)[:1]).update(**again)
        return
    try:
        with transaction.atomic():
            GoodsReveal.objects.create(order=order, **same, times=1, count=count, first_at=now, last_at=now)
    except IntegrityError:  # two at once: the other one was first
        rows.filter(**same).update(**again)
