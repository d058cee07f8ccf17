"""Take back a purchase of numbers that has not gone out: nothing was bought, all the money is free again."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from sms import states
from sms.acquire import reject
from sms.models import Purchase


def withdraw(*, purchase_id: int, customer: User, now: datetime) -> bool:
    """PLACED → REJECTED; returns false, and changes nothing, where it is on its way or further.

    Whoever sends it claims the same row first: the one who comes second finds it taken.
    """
    with transaction.atomic():
        purchase = Purchase.objects.select_for_update().get(pk=purchase_id, customer=customer)
        if purchase.state != states.PLACED:
            return False
        reject(purchase, Purchase.Reason.WITHDRAWN, now)
        purchase.state = states.REJECTED
        purchase.claim = ""
        purchase.save()
    return True
