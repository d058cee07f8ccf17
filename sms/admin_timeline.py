"""The timeline of a purchase of numbers, as its page and the pages of its numbers show it."""

from typing import Any

from catalog.admin_purchase import SHOWN, Step, of_calls, of_money, of_requests, timeline
from core.admin_base import usd
from sms.models import Attempt, Purchase
from wallet.models import Hold, Transfer


def timeline_of(purchase_id: int) -> dict[str, Any]:
    """Everything that happened to the purchase and its numbers, newest first."""
    purchase = Purchase.objects.filter(pk=purchase_id).first()
    if purchase is None:
        return timeline()
    events = purchase.events.select_related("actor").order_by("-pk")[:SHOWN]
    numbers = list(purchase.numbers.all())
    return timeline(
        [Step(at=purchase.placed_at, what="Placed, money set aside", amount=usd(purchase.total), by=purchase.customer)],
        of_money(
            list(Hold.objects.filter(sms_slot__purchase=purchase)),
            Transfer.objects.filter(hold__sms_slot__purchase=purchase),
        ),
        of_calls(Attempt.objects.filter(purchase=purchase)),
        [Step(at=event.at, what="Noted", by=event.actor or "The shop", note=event.note) for event in events],
        [Step(at=each.received_at, what=f"Number {each}") for each in numbers],
        [Step(at=each.first_code_at, what=f"First code to {each}") for each in numbers if each.first_code_at],
        [
            Step(at=each.finished_at, what=f"{each}: {each.get_state_display().lower()}")
            for each in numbers
            if each.finished_at
        ],
        of_requests(purchase.requests.all()),
    )
