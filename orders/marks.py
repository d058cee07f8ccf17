"""Marks of delivered items: by them the same thing is known when it comes a second time, and nobody can read it.

A mark is an HMAC under a key of its own, the pepper, which lies encrypted in the database. It is not made of
SECRET_KEY or FIELD_ENCRYPTION_KEYS, since those are changed now and then, and every mark would have to be made anew
from texts that may have been removed long ago. Whoever has the database alone can't try passwords against the marks.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from core.alerts import alert
from orders.models import DeliveredItem, GoodsPepper, Order, OrderEvent

# So many marks are looked up in one question.
BATCH = 500
# So many items are named to the operator.
NAMED = 20


class Marker:
    """Makes marks; there is one at a time in the whole shop, until its transaction ends.

    The pepper's row is the lock: two orders that get the same item in the same moment come one after the other, and
    the second one sees the first. Whoever also locks orders has to lock them before.
    """

    def __init__(self) -> None:
        pepper, _made = GoodsPepper.objects.select_for_update().get_or_create(
            pk=1, defaults={"key": secrets.token_hex(32)}
        )
        self._key = bytes.fromhex(pepper.key)

    def mark(self, text: str) -> str:
        """The mark of an item: 64 characters. Space around it makes no other item."""
        return hmac.new(self._key, text.strip().encode(errors="replace"), hashlib.sha256).hexdigest()


def known(marks: Collection[str]) -> dict[str, int]:
    """Of these marks the ones that some item has, each with the number of the first order that has it."""
    found: dict[str, int] = {}
    wanted = sorted(set(marks))
    for start in range(0, len(wanted), BATCH):
        # Named twice: the index leaves out items without a mark, and the database must see that none is asked for.
        items = DeliveredItem.objects.filter(mark__in=wanted[start : start + BATCH]).exclude(mark="").order_by("-pk")
        found |= dict(items.values_list("mark", "order_id"))
    return found


def repeats(marks: Iterable[str], before: Mapping[str, int], *, order_id: int, start: int) -> dict[int, int]:
    """Which of an order's new items were delivered before: position → the order that had the item, maybe this one."""
    seen = dict(before)
    twice: dict[int, int] = {}
    for position, mark in enumerate(marks, start):
        if mark in seen:
            twice[position] = seen[mark]
        else:
            seen[mark] = order_id
    return twice


def tell(order: Order, twice: Mapping[int, int], *, now: datetime) -> None:
    """Flag a locked order, whose caller saves it, and tell the operator. The customer has the items all the same."""
    order.twice += len(twice)
    named = ", ".join(f"item {position} (order {other})" for position, other in list(twice.items())[:NAMED])
    more = f" and {len(twice) - NAMED} more" if len(twice) > NAMED else ""
    note = f"Delivered before: {named}{more}."
    OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.TWICE, count=len(twice), note=note, at=now)
    alert(
        key=f"order:{order.pk}:twice",
        subject=f"Order {order.pk}: {len(twice)} of its items had been delivered before",
        detail=f"{note} The customer has them. Look at both orders, ask the vendor for others, and refund in the admin "
        "what the customer can't use.",
        now=now,
    )
