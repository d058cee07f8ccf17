"""Take back an order that has not gone out: nothing was bought, all the money is free again."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from catalog.below_cost import alert_key
from core.alerts import resolve
from orders import states
from orders.models import Order, OrderEvent
from wallet import ledger


def withdraw(*, order_id: int, customer: User, now: datetime) -> bool:
    """PLACED → CANCELED; returns false, and changes nothing, where it is on its way or further.

    Whoever sends it claims the same row first: the one who comes second finds it taken.
    """
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order_id, customer=customer)
        if order.state != states.PLACED:
            return False
        ledger.release(hold=order.hold, now=now)
        order.state = states.CANCELED
        order.reason = Order.Reason.WITHDRAWN
        order.claim = ""
        order.finished_at = order.changed_at = now
        order.save()
        OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.CANCELED, amount=order.charge, at=now)
        resolve(key=alert_key(order), now=now)
    return True
