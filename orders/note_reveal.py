"""Note that somebody saw or took the items of an order; their customer and the operators can read who it was."""

from datetime import UTC, datetime

from django.db.models import F

from accounts.models import User
from orders.models import GoodsReveal, Order

# An order has at most so many rows: what comes after is counted in the newest one.
MOST = 500


def note_reveal(*, order: Order, actor: User, kind: GoodsReveal.Kind, address: str | None, count: int, now: datetime) -> None:
    """Count `kind` for this person, address and day (UTC). To be called before the items leave the shop."""
    day = now.astimezone(UTC).date()
    same = {"order": order, "actor": actor, "kind": kind, "address": address or "", "day": day}
    if _again(order.reveals.filter(**same).values_list("pk", flat=True).first(), count, now):
        return
    if order.reveals.count() >= MOST and _again(order.reveals.values_list("pk", flat=True).first(), count, now):
        return
    row, _made = GoodsReveal.objects.get_or_create(**same, defaults={"first_at": now, "last_at": now})
    _again(row.pk, count, now)


def _again(pk: int | None, count: int, now: datetime) -> bool:
    """One more time in the row `pk`."""
    return bool(GoodsReveal.objects.filter(pk=pk).update(times=F("times") + 1, count=count, last_at=now))
