"""What a customer may ask for about an order, and in words why not: pages and API read it here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from desk.models import Request
from orders import states
from orders.models import Order

Kind = Request.Kind
# A running order is not reported before this has passed, and an ended one not after.
RUNS_FOR = timedelta(hours=24)
REPORTED_WITHIN = timedelta(days=30)


@dataclass(frozen=True)
class Choice:
    """One thing that may be asked for about an order."""

    kind: str
    why_not: str
    """A sentence for the customer; empty where it may be asked for."""

    @property
    def words(self) -> str:
        """What the button says."""
        return {
            Kind.REFILL: _("Ask for a refill"),
            Kind.CANCEL: _("Ask to cancel it"),
            Kind.NOT_DELIVERED: _("It did not arrive"),
            Kind.REPLACEMENT: _("Ask for a replacement"),
            Kind.OTHER: _("Ask something else"),
        }[Kind(self.kind)]


def choices(order: Order, *, now: datetime) -> list[Choice]:
    """Everything that could be asked for about an order of this sort; reads the order's service."""
    kinds = [Kind.CANCEL, Kind.NOT_DELIVERED, Kind.REPLACEMENT if order.is_product else Kind.REFILL, Kind.OTHER]
    return [Choice(kind, why_not(kind, order, now=now)) for kind in kinds]


def why_not(kind: str, order: Order, *, now: datetime) -> str:
    """Why this can't be asked for about the order, for its customer; empty where it can."""
    match kind:
        case Kind.REFILL:
            return _no_refill(order)
        case Kind.CANCEL:
            return _no_cancel(order)
        case Kind.NOT_DELIVERED:
            return _no_report(order, now)
        case Kind.REPLACEMENT:
            return _no_replacement(order, now)
    return ""


def _no_refill(order: Order) -> str:
    if not order.service.refill:
        return _("This service has no refill.")
    if order.state not in states.PAID:
        return _("Only a delivered order can be refilled.")
    return ""


def _no_cancel(order: Order) -> str:
    if order.state == states.PLACED:
        return ""
    if order.state in states.FINISHED:
        return _("This order has ended.")
    if not order.service.cancel:
        return _("An order of this service can't be canceled once it is under way.")
    return ""


def _no_report(order: Order, now: datetime) -> str:
    if order.state in states.UNPAID:
        return _("You paid nothing for it.")
    if order.state in states.PAID:
        ended = order.finished_at or now
        return "" if now - ended <= REPORTED_WITHIN else _("It ended more than 30 days ago.")
    if now - (order.accepted_at or order.placed_at) < RUNS_FOR:
        return _("It is still under way: wait for a day before you report it.")
    return ""


def _no_replacement(order: Order, now: datetime) -> str:
    if not order.is_product:
        return _("Only items that were delivered as text are replaced.")
    if not order.warranty_days:
        return _("There is no warranty on it.")
    until = order.warranty_until
    if until is None:
        return _("Only a delivered order can be replaced.")
    if now > until:
        day = timezone.localtime(until).strftime("%Y-%m-%d")
        return _("The warranty ended on %(day)s.") % {"day": day}
    return ""
