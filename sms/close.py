"""End a number: a code was paid for with its arrival, and without one the money goes back."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from sms import states
from sms.models import Number, Purchase
from wallet import ledger

log = logging.getLogger(__name__)


class CantFinish(Exception):
    """The number is not as this act needs it; nothing moved."""


def pay(number: Number, now: datetime) -> None:
    """WAITING → RECEIVED with the first code: the number's money is taken. Sets fields of a locked number."""
    ledger.capture(
        hold=number.slot.hold,
        amount=number.slot.hold.amount,
        key=f"sms:{number.purchase.reference}:{number.slot.position}:capture",
        memo=f"{number.purchase.site_name}, {number}"[:300],
        now=now,
    )
    number.state = states.RECEIVED
    number.first_code_at = now


def end(number: Number, state: str, now: datetime) -> None:
    """Into a final state: EXPIRED and CANCELED give the money back. Sets fields of a locked number and saves it."""
    if state in states.UNPAID:
        ledger.release(hold=number.slot.hold, now=now)
    number.state = state
    number.finished_at = number.changed_at = now
    number.next_poll_at = None
    number.save()
    log.info("number %s of purchase %s: %s", number.pk, number.purchase_id, state)
    # Locked first: of two that end at once, the second has to see that the first is no longer live.
    purchase = Purchase.objects.select_for_update().get(pk=number.purchase_id)
    live = Number.objects.filter(purchase=purchase, state__in=states.LIVE)
    if purchase.state == states.RUNNING and not live.exists():
        Purchase.objects.filter(pk=purchase.pk).update(state=states.CLOSED, finished_at=now)


def finish(*, number_id: int, customer: User, now: datetime) -> Number:
    """The customer has what they wanted: no more messages are waited for. Raises `CantFinish`."""
    with transaction.atomic():
        number = Number.objects.select_for_update().get(pk=number_id, purchase__customer=customer)
        if number.state == states.WAITING:
            raise CantFinish(_("No code has come yet: when the time is up, the money comes back by itself."))
        if number.state == states.RECEIVED:
            end(number, states.FINISHED, now)
    return number
