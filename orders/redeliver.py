"""Give a customer items in place of bad ones, or those that never came, of an order that has ended."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from orders import marks, states
from orders.models import DeliveredItem, Order, OrderEvent


class CantRedeliver(Exception):
    """The items don't fit the order; nothing was delivered."""


def redeliver(
    *, order_id: int, texts: Sequence[str], replaces: Sequence[int], operator: User, reason: str, now: datetime
) -> Order:
    """Append `texts` to the order's items; `replaces` names the positions they stand in for, one each.

    Without `replaces` they are what was missing, and at most so many. Delivered and paid stay as they are: the
    customer pays nothing for it, and what it cost is between the operator and the vendor. Raises `CantRedeliver`.
    """
    if not texts:
        raise CantRedeliver("There is nothing to deliver.")
    if replaces and len(replaces) != len(texts):
        raise CantRedeliver(f"{len(texts)} items can't stand in for {len(replaces)}: one for each position.")
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order_id)
        if not order.is_product or order.state not in states.PAID:
            raise CantRedeliver("Only a delivered order of a product can be delivered again.")
        bad = _bad(order, replaces)
        if not replaces:
            missing = order.quantity - order.items.filter(replaces=None).count()
            if len(texts) > missing:
                raise CantRedeliver(f"{max(missing, 0)} are missing: say which positions the others stand in for.")
        last = order.items.aggregate(last=Max("position"))["last"] or 0
        marker = marks.Marker()
        made = [marker.mark(text) for text in texts]
        twice = marks.repeats(made, marks.known(made), order_id=order.pk, start=last + 1)
        DeliveredItem.objects.bulk_create(
            DeliveredItem(
                order=order,
                position=last + number,
                text=text,
                mark=mark,
                replaces=bad[number - 1] if bad else None,
                delivered_at=now,
            )
            for number, (text, mark) in enumerate(zip(texts, made, strict=True), start=1)
        )
        if twice:
            marks.tell(order, twice, now=now)
        OrderEvent.objects.create(
            order=order, kind=OrderEvent.Kind.REPLACED, count=len(texts), actor=operator, note=reason, at=now
        )
        order.changed_at = now
        order.save(update_fields=["changed_at", "twice"])
    return order


def _bad(order: Order, positions: Sequence[int]) -> list[DeliveredItem]:
    if len(set(positions)) != len(positions):
        raise CantRedeliver("A position is named twice.")
    there = {item.position: item for item in order.items.filter(position__in=positions).defer("text")}
    if absent := [str(position) for position in positions if position not in there]:
        raise CantRedeliver(f"There is no item {', '.join(absent)}.")
    found = [there[position] for position in positions]
    replaced = set(DeliveredItem.objects.filter(replaces__in=found).values_list("replaces__position", flat=True))
    if replaced:
        raise CantRedeliver(f"Replaced already: {', '.join(map(str, sorted(replaced)))}.")
    return found
