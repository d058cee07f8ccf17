"""Pay back, in whole or in part, what a finished order was paid for."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from orders.models import Order, OrderEvent
from wallet import ledger


def refund(*, order_id: int, amount: Decimal, key: str, operator: User, reason: str, now: datetime) -> Order:
    """Pay `amount` USD back to the customer. The same `key` again pays nothing more.

    Raises `ledger.LedgerError` when all refunds would pass what the order was paid for.
    """
    with transaction.atomic():
        order = Order.objects.select_for_update().select_related("hold").get(pk=order_id)
        before = order.hold.refunded
        ledger.refund(
            hold=order.hold,
            amount=amount,
            key=f"order:{order.pk}:refund:{key}",
            memo=f"Order {order.pk}: {reason}",
            now=now,
        )
        order.hold.refresh_from_db()
        if order.hold.refunded != before:
            OrderEvent.objects.create(
                order=order, kind=OrderEvent.Kind.REFUNDED, amount=amount, actor=operator, note=reason, at=now
            )
            Order.objects.filter(pk=order.pk).update(changed_at=now)
    return order
