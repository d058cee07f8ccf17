"""What a page about an order shows of help with it."""

from typing import Any

from django import template
from django.utils import timezone

from desk.models import Request
from desk.rules import choices
from orders.models import Order

register = template.Library()

TONES = {
    Request.State.OPEN: "info",
    Request.State.ANSWERED: "accent",
    Request.State.DONE: "success",
    Request.State.REFUSED: "danger",
}
# An order's page shows so many of its newest requests.
SHOWN = 10


@register.filter
def request_tone(state: str) -> str:
    """The colour of a request's state."""
    return TONES[Request.State(state)]


@register.inclusion_tag("desk/order_help.html")
def order_help(order: Order) -> dict[str, Any]:
    """The order's requests with their state, and what may be asked for; the order comes with its service."""
    requests = list(order.requests.order_by("-pk")[:SHOWN])
    live = {each.kind for each in requests if each.is_live}
    now = timezone.now()
    return {
        "order": order,
        "requests": requests,
        "choices": [choice for choice in choices(order, now=now) if choice.kind not in live],
        "warranty_over": bool(order.warranty_until and order.warranty_until < now),
    }
