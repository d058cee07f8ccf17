"""How the shop's states are called in the dialect that panels speak: the one place for it."""

from desk.models import Request as Wish
from orders import states as order_states
from orders.models import Order
from sms import states as number_states

PENDING = "Pending"
PROCESSING = "Processing"
IN_PROGRESS = "In progress"
COMPLETED = "Completed"
PARTIAL = "Partial"
CANCELED = "Canceled"
REJECTED = "Rejected"

_ORDERS = {
    order_states.PLACED: PENDING,
    order_states.SUBMITTING: PENDING,
    # Nobody knows yet; to the customer it is an order that waits, as on its page.
    order_states.UNCERTAIN: PENDING,
    order_states.RUNNING: IN_PROGRESS,
    order_states.COMPLETED: COMPLETED,
    order_states.PARTIAL: PARTIAL,
    order_states.CANCELED: CANCELED,
    order_states.REJECTED: CANCELED,
}
# Of a running order the vendor may know more; any other word of its own is not passed on.
_RUNNING = {"pending": PENDING, "queued": PENDING, "processing": PROCESSING}
_NUMBERS = {
    number_states.WAITING: "active",
    number_states.RECEIVED: "code_received",
    number_states.FINISHED: "completed",
    number_states.EXPIRED: "expired",
    number_states.CANCELED: "canceled",
}
_WISHES = {
    Wish.State.OPEN: PENDING,
    Wish.State.ANSWERED: PENDING,
    Wish.State.DONE: COMPLETED,
    Wish.State.REFUSED: REJECTED,
}


def of_order(order: Order) -> str:
    """The word for an order's state."""
    if order.state == order_states.RUNNING:
        return _RUNNING.get(order.upstream_status.strip().lower(), IN_PROGRESS)
    return _ORDERS[order.state]


def of_number(state: str) -> str:
    """The word for a number's state."""
    return _NUMBERS[state]


def of_wish(state: str) -> str:
    """The word for how a request for a refill stands."""
    return _WISHES[Wish.State(state)]
