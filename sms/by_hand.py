"""An operator ends a number that the vendor does not end, or hands over a code that came in another way."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from sms import states
from sms.close import end
from sms.listen import take_code
from sms.models import Number, PurchaseEvent


class CantAct(Exception):
    """The number is not as this act needs it; nothing moved."""


def end_by_hand(*, number_id: int, operator: User, reason: str, now: datetime) -> Number:
    """WAITING → CANCELED with the money back; RECEIVED → FINISHED, which stays paid. Raises `CantAct`."""
    with transaction.atomic():
        number = _live(number_id)
        PurchaseEvent.objects.create(
            purchase=number.purchase, actor=operator, note=f"{number} ended by hand: {reason}", at=now
        )
        end(number, states.CANCELED if number.state == states.WAITING else states.FINISHED, now)
    return number


def deliver_code(*, number_id: int, code: str, text: str, operator: User, reason: str, now: datetime) -> Number:
    """WAITING or RECEIVED → RECEIVED: the customer sees the code and pays with the first one. Raises `CantAct`."""
    with transaction.atomic():
        number = _live(number_id)
        if not take_code(number, code=code, text=text, now=now):
            raise CantAct("The number has this code already.")
        number.save()
        PurchaseEvent.objects.create(
            purchase=number.purchase, actor=operator, note=f"code for {number} entered by hand: {reason}", at=now
        )
    return number


def _live(number_id: int) -> Number:
    numbers = Number.objects.select_for_update(of=("self",)).select_related("purchase", "slot__hold")
    number = numbers.get(pk=number_id)
    if number.state not in states.LIVE:
        raise CantAct(f"Number {number_id} is {number.state}: it has ended.")
    return number
