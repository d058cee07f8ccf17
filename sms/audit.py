"""Prove that every number agrees with its hold. Reports, and never repairs."""

from collections.abc import Iterator

from django.db.models import Count, Exists, F, OuterRef, Q

from sms import states
from sms.models import Number, Purchase, Slot
from wallet.models import Hold

SHOWN = 50


def problems() -> Iterator[str]:
    """A line for everything that does not fit between numbers and the books."""
    numbers = Number.objects.select_related("slot__hold").filter(
        (Q(state=states.WAITING) & ~Q(slot__hold__state=Hold.State.OPEN))
        | (Q(state__in=states.PAID) & ~Q(slot__hold__state=Hold.State.CAPTURED))
        | (Q(state__in=states.UNPAID) & ~Q(slot__hold__state=Hold.State.RELEASED))
    )
    for number in numbers[:SHOWN]:
        yield f"number {number.pk} is {number.state}, but its hold is {number.slot.hold.state}"
    underpaid = Number.objects.filter(state__in=states.PAID, slot__hold__captured__lt=F("slot__hold__amount"))
    for number in underpaid.select_related("slot__hold")[:SHOWN]:
        hold = number.slot.hold
        yield f"number {number.pk} is {number.state}, but only {hold.captured} of {hold.amount} was captured"
    live = Number.objects.filter(purchase=OuterRef("pk"), state__in=states.LIVE)
    for purchase in Purchase.objects.filter(state=states.RUNNING).exclude(Exists(live))[:SHOWN]:
        yield f"purchase {purchase.pk} is {purchase.state}, but none of its numbers is live"
    open_ones = [states.PLACED, states.SUBMITTING, states.UNCERTAIN]
    slots = Slot.objects.select_related("hold", "purchase").filter(number=None)
    wrong = slots.filter(
        (Q(purchase__state__in=open_ones) & ~Q(hold__state=Hold.State.OPEN))
        | (~Q(purchase__state__in=open_ones) & ~Q(hold__state=Hold.State.RELEASED))
    )
    for slot in wrong[:SHOWN]:
        yield f"purchase {slot.purchase_id} is {slot.purchase.state}, but hold {slot.hold.key} is {slot.hold.state}"
    for slot in Slot.objects.exclude(hold__account__owner=F("purchase__customer"))[:SHOWN]:
        yield f"purchase {slot.purchase_id} is paid from another customer's account"
    for slot in Slot.objects.exclude(hold__amount=F("purchase__price")).select_related("hold")[:SHOWN]:
        yield f"hold {slot.hold.key} is of {slot.hold.amount}, which is not the purchase's price"
    counted = Purchase.objects.annotate(places=Count("slots")).exclude(places=F("quantity"))
    for purchase in counted[:SHOWN]:
        yield f"purchase {purchase.pk} is of {purchase.quantity} numbers, but has {purchase.places} holds"
    for hold in Hold.objects.filter(key__startswith="sms:", sms_slot=None)[:SHOWN]:
        yield f"hold {hold.key} belongs to no purchase"
