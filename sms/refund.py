"""Pay back, in whole or in part, what a number was paid for."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from core.money import show
from sms.models import Number, PurchaseEvent
from wallet import ledger
from wallet.models import Transfer


def refund(*, number_id: int, amount: Decimal, key: str, operator: User, reason: str, now: datetime) -> Transfer:
    """Pay `amount` USD back to the customer; the transfer. The same `key` again pays nothing more: the first one.

    Raises `ledger.LedgerError` when all refunds would pass what the number was paid for.
    """
    with transaction.atomic():
        numbers = Number.objects.select_for_update(of=("self",)).select_related("purchase", "slot__hold")
        number = numbers.get(pk=number_id)
        purchase = number.purchase
        paid = ledger.refund(
            hold=number.slot.hold,
            amount=amount,
            key=f"sms:{purchase.reference}:{number.slot.position}:refund:{key}",
            memo=f"{purchase.site_name}, {number}: {reason}"[:300],
            now=now,
        )
        if paid.created_at == now:
            note = f"{show(amount)} of {number} refunded: {reason}"
            PurchaseEvent.objects.create(purchase=purchase, actor=operator, note=note, at=now)
    return paid
