"""Pay back, in whole or in part, what a finished order was paid for."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from orders.models import Order, OrderEvent
from wallet import ledger
from wallet.models import Transfer


def refund(*, order_id: int, amount: Decimal, key: str, operator: User, reason: str, now: datetime) -> Transfer:
    """Pay `amount` USD back to the customer; the transfer. The same `key` again pays nothing more: the first one.

    Raises `ledger.LedgerError` when all refunds would pass what the order was paid for.
    """
    with transaction.atomic():
        order = Order.objects.select_for_update().select_related("hold").get(pk=order_id)
        paid = ledger.refund(
            hold=order.hold,
            amount=amount,
            key=f"order:{order.pk}:refund:{key}",
            memo=f"Order {order.pk}: {reason}",
            now=now,
        )
        if paid.created_at == now:
            OrderEvent.objects.create(
                order=order, kind=OrderEvent.Kind.REFUNDED, amount=amount, actor=operator, note=reason, at=now
            )
            Order.objects.filter(pk=order.pk).update(changed_at=now)
    return paid
