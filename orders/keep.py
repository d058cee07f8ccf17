"""Keep what the vendor delivered: goods only grow, keep their order, and none is lost."""

from collections import Counter
from datetime import datetime

from orders import marks
from orders.models import DeliveredItem, Order, OrderEvent


def keep(order: Order, accounts: list[str], *, now: datetime) -> int:
    """Add what was not seen before to a locked order, whose caller saves it; returns how many items that is.

    An item that was delivered before, to anyone, is kept like the others: the operator hears of it.
    """
    if not accounts or not order.is_product:
        return 0
    have = list(order.items.values_list("text", flat=True))
    seen = Counter(have)
    fresh = []
    for text in accounts:
        if seen[text] > 0:
            seen[text] -= 1
        else:
            fresh.append(text)
    if not fresh:
        return 0
    first = len(have) + 1
    marker = marks.Marker()
    made = [marker.mark(text) for text in fresh]
    before = marks.known(made)
    DeliveredItem.objects.bulk_create(
        DeliveredItem(order=order, position=position, text=text, mark=mark, delivered_at=now)
        for position, (text, mark) in enumerate(zip(fresh, made, strict=True), start=first)
    )
    OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.DELIVERED, count=len(fresh), at=now)
    if twice := marks.repeats(made, before, order_id=order.pk, start=first):
        marks.tell(order, twice, now=now)
    return len(fresh)
