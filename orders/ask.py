"""A customer asks for a refill or a cancel: an operator's request, or done at once where the shop alone can."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.alerts import alert
from core.models import Alert
from orders import states
from orders.models import Order, Request
from orders.withdraw import withdraw


class CantAsk(Exception):
    """The order can't be refilled or canceled; says why, for the customer."""


def refill(*, order_id: int, customer: User, now: datetime) -> Request:
    """Ask that what was lost since delivery be filled up. While one is open, the same again.

    Raises `CantAsk`, `Order.DoesNotExist`.
    """
    order = _own(order_id, customer)
    if not order.service.refill:
        raise CantAsk(_("This service has no refill."))
    if order.state not in states.PAID:
        raise CantAsk(_("Only a delivered order can be refilled."))
    return _request(order, Request.Kind.REFILL, now)


def cancel(*, order_id: int, customer: User, now: datetime) -> Request:
    """Ask that the order be stopped. One that has not gone out is canceled at once, and its money is free.

    Asked again, the same request as before. Raises `CantAsk`, `Order.DoesNotExist`.
    """
    order = _own(order_id, customer)
    before = order.requests.filter(kind=Request.Kind.CANCEL).exclude(state=Request.State.REFUSED).first()
    if before is not None:
        return before
    with transaction.atomic():
        if order.state == states.PLACED and withdraw(order_id=order_id, customer=customer, now=now):
            return Request.objects.create(
                order=order,
                kind=Request.Kind.CANCEL,
                state=Request.State.DONE,
                note="It had not gone out: canceled at once.",
                asked_at=now,
                decided_at=now,
            )
    order.refresh_from_db(fields=["state"])
    if order.state in states.FINISHED:
        raise CantAsk(_("This order has ended."))
    if not order.service.cancel:
        raise CantAsk(_("An order of this service can't be canceled once it is under way."))
    return _request(order, Request.Kind.CANCEL, now)


def _own(order_id: int, customer: User) -> Order:
    return Order.objects.select_related("service").get(pk=order_id, customer=customer)


def _request(order: Order, kind: str, now: datetime) -> Request:
    wish = {"order": order, "kind": kind, "state": Request.State.OPEN}
    before = Request.objects.filter(**wish).first()
    if before is not None:
        return before
    try:
        with transaction.atomic():
            made = Request.objects.create(**wish, asked_at=now)
            alert(
                key=f"request:{made.pk}",
                subject=f"Order {order.pk}: its customer asks for a {kind.lower()}",
                detail="See to it with the vendor, then close the request in the admin. No money moves by itself.",
                severity=Alert.Severity.INFO,
                now=now,
            )
        return made
    except IntegrityError:  # asked twice at once: the other one was first
        return Request.objects.get(**wish)
