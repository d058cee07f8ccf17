"""End an order: the customer pays for what arrived, and the rest is theirs again."""

import logging
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from accounts.models import User
from catalog.pricing import share
from core.money import ZERO, show
from notices.kinds import Kind
from notices.tell import tell
from orders import states
from orders.models import Order, OrderEvent
from orders.verdict import Verdict
from wallet import ledger

log = logging.getLogger(__name__)

_KINDS = {
    states.COMPLETED: OrderEvent.Kind.COMPLETED,
    states.PARTIAL: OrderEvent.Kind.PARTIAL,
    states.CANCELED: OrderEvent.Kind.CANCELED,
}


_NOTICES = {
    states.COMPLETED: Kind.ORDER_DONE,
    states.PARTIAL: Kind.ORDER_PARTIAL,
    states.CANCELED: Kind.ORDER_REFUSED,
}


def settle(*, order_id: int, verdict: Verdict, actor: User | None = None, note: str = "", now: datetime) -> Order:
    """Move a running order into the final state of `verdict` and close its hold; once only.

    Captures the share of the charge that was delivered, rounded up to a micro, and releases the rest. An order
    that is finished already stays as it is.
    """
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order_id)
        if order.state != states.RUNNING:
            return order
        paid = share(order.charge, part=verdict.delivered, whole=order.quantity)
        if paid > ZERO:
            ledger.capture(
                hold=order.hold, amount=paid, key=f"order:{order.pk}:capture", memo=f"Order {order.pk}", now=now
            )
        else:
            ledger.release(hold=order.hold, now=now)
        order.state = verdict.state
        order.delivered = verdict.delivered
        order.reason = Order.Reason.NOT_DELIVERED if verdict.state == states.CANCELED else ""
        order.flag = verdict.flag[:300]
        order.finished_at = order.changed_at = now
        order.next_poll_at = None
        order.save()
        OrderEvent.objects.create(
            order=order,
            kind=_KINDS[verdict.state],
            amount=order.charge - paid or None,
            count=verdict.delivered,
            actor=actor,
            note=note,
            at=now,
        )
        tell(
            customer_id=order.customer_id,
            kind=_NOTICES[verdict.state],
            about={
                "number": order.pk,
                "name": order.service_name,
                "amount": show(paid if verdict.state == states.COMPLETED else order.charge - paid),
            },
            link=reverse("orders:detail", args=[order.pk]),
            now=now,
        )
    log.info(
        "order %s: %s, %s of %s delivered, %s USD paid", order.pk, order.state, order.delivered, order.quantity, paid
    )
    return order
