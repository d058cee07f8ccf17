"""Whether a purchase of numbers waits for longer than it should, as its customer may read it."""

from datetime import datetime, timedelta

from sms.models import Purchase
from sms.states import PLACED, SUBMITTING
from upstream.forwarding import BelowCost

# One that has no numbers after this is called delayed, whatever the cause; so is one that needed more tries.
LATE = timedelta(seconds=15)
TRIES = 2


def late(purchase: Purchase, now: datetime) -> bool:
    """Whether the customer is told that it takes longer."""
    if purchase.state not in (PLACED, SUBMITTING):
        return False
    tried_often = purchase.tries >= TRIES and purchase.state == PLACED
    return purchase.below_cost == BelowCost.HELD or tried_often or now - purchase.placed_at > LATE
