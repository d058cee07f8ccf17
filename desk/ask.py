"""A customer asks for what needs a person: an operator's request, or done at once where the shop alone can."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.alerts import alert
from core.models import Alert
from desk.models import Message, Request
from desk.rules import why_not
from orders import states
from orders.models import Order
from orders.withdraw import withdraw
from sms.models import Purchase

# One customer's questions that may be open at once; what they ask about orders is bounded by their orders.
MOST_OPEN = 20


class CantAsk(Exception):
    """It can't be asked for; says why, for the customer, and by which field."""

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        self.field = field
        super().__init__(sentence)


def refill(*, order_id: int, customer: User, text: str = "", form_key: str = "", now: datetime) -> Request:
    """Ask that what was lost since delivery be filled up. While one is open, the same again.

    Raises `CantAsk`, `Order.DoesNotExist`.
    """
    return _about_order(Request.Kind.REFILL, _own(order_id, customer), text=text, form_key=form_key, now=now)


def cancel(*, order_id: int, customer: User, text: str = "", form_key: str = "", now: datetime) -> Request:
    """Ask that the order be stopped. One that has not gone out is canceled at once, and its money is free.

    Asked again, the same request as before. Raises `CantAsk`, `Order.DoesNotExist`.
    """
    order = _own(order_id, customer)
    before = order.requests.filter(kind=Request.Kind.CANCEL).exclude(state=Request.State.REFUSED).first()
    if before is not None:
        return _added(before, text, form_key, now)
    with transaction.atomic():
        if order.state == states.PLACED and withdraw(order_id=order_id, customer=customer, now=now):
            return Request.objects.create(
                customer=customer,
                order=order,
                kind=Request.Kind.CANCEL,
                state=Request.State.DONE,
                note="It had not gone out: canceled at once.",
                asked_at=now,
                changed_at=now,
                decided_at=now,
            )
    order.refresh_from_db(fields=["state"])
    # Its worker may have put it back in this very moment: then the rule for what is under way holds.
    if order.state == states.PLACED and not order.service.cancel:
        raise CantAsk(_("An order of this service can't be canceled once it is under way."))
    return _about_order(Request.Kind.CANCEL, order, text=text, form_key=form_key, now=now)


def not_delivered(*, order_id: int, customer: User, text: str, form_key: str = "", now: datetime) -> Request:
    """Report that an order did not arrive, or not whole. Raises `CantAsk`, `Order.DoesNotExist`."""
    return _about_order(Request.Kind.NOT_DELIVERED, _own(order_id, customer), text=text, form_key=form_key, now=now)


def replacement(
    *, order_id: int, customer: User, positions: Sequence[int], text: str, form_key: str = "", now: datetime
) -> Request:
    """Ask for items in place of the bad ones at `positions`, within the warranty.

    Raises `CantAsk`, `Order.DoesNotExist`.
    """
    order = _own(order_id, customer)
    there = set(order.items.filter(position__in=positions).values_list("position", flat=True))
    if absent := [str(position) for position in positions if position not in there]:
        raise CantAsk(
            _("There is no item %(numbers)s in this order.") % {"numbers": ", ".join(absent)}, field="positions"
        )
    return _about_order(Request.Kind.REPLACEMENT, order, positions=positions, text=text, form_key=form_key, now=now)


def question(
    *,
    customer: User,
    subject: str,
    text: str,
    order: Order | None = None,
    purchase: Purchase | None = None,
    form_key: str = "",
    now: datetime,
) -> Request:
    """Ask anything, about an order or a purchase of numbers of one's own or about neither.

    The same `form_key` again is the same question. Raises `CantAsk`.
    """
    if order is not None:
        return _about_order(Request.Kind.OTHER, order, subject=subject, text=text, form_key=form_key, now=now)
    before = Request.objects.filter(customer=customer, form_key=form_key).first() if form_key else None
    if before is not None:
        return before
    if Request.objects.filter(customer=customer, order=None, state__in=Request.LIVE).count() >= MOST_OPEN:
        raise CantAsk(_("Many questions of yours are open already: write to one of them."))
    try:
        with transaction.atomic():
            return _open(
                Request(
                    customer=customer,
                    purchase=purchase,
                    kind=Request.Kind.OTHER,
                    subject=subject,
                    form_key=form_key,
                ),
                text,
                form_key,
                now,
            )
    except IntegrityError:  # sent twice at once: the other one was first
        return Request.objects.get(customer=customer, form_key=form_key)


def _own(order_id: int, customer: User) -> Order:
    return Order.objects.select_related("service").get(pk=order_id, customer=customer)


def _about_order(
    kind: str,
    order: Order,
    *,
    subject: str = "",
    positions: Sequence[int] = (),
    text: str,
    form_key: str,
    now: datetime,
) -> Request:
    if why := why_not(kind, order, now=now):
        raise CantAsk(why)
    wish = {"order": order, "kind": kind, "state__in": Request.LIVE}
    before = Request.objects.filter(**wish).first()
    if before is not None:
        return _added(before, text, form_key, now)
    try:
        with transaction.atomic():
            return _open(
                Request(
                    customer_id=order.customer_id, order=order, kind=kind, subject=subject, positions=list(positions)
                ),
                text,
                form_key,
                now,
            )
    except IntegrityError:  # asked twice at once: the other one was first
        return _added(Request.objects.get(**wish), text, form_key, now)


def _open(made: Request, text: str, form_key: str, now: datetime) -> Request:
    made.asked_at = made.changed_at = now
    made.save()
    if text:
        _write(made, text, form_key, now)
    tell_operators(made, now)
    return made


def _added(request: Request, text: str, form_key: str, now: datetime) -> Request:
    """What was written goes to the request that is open already; the same form again adds nothing."""
    if not text or not request.is_live or request.messages.filter(form_key=form_key).exclude(form_key="").exists():
        return request
    with transaction.atomic():
        request = Request.objects.select_for_update().get(pk=request.pk)
        if request.is_live and not request.messages.filter(form_key=form_key).exclude(form_key="").exists():
            _write(request, text, form_key, now)
            request.state = Request.State.OPEN
            request.changed_at = now
            request.save()
            tell_operators(request, now)
    return request


def _write(request: Request, text: str, form_key: str, now: datetime) -> None:
    Message.objects.create(
        request=request, author_id=request.customer_id, by_customer=True, text=text, form_key=form_key, at=now
    )


def tell_operators(request: Request, now: datetime) -> None:
    """Raise the alert that the request waits for an operator."""
    about = f"Order {request.order_id}" if request.order_id else "A customer"
    words = {
        Request.Kind.REFILL: "its customer asks for a refill",
        Request.Kind.CANCEL: "its customer asks for a cancel",
        Request.Kind.NOT_DELIVERED: "its customer says that it did not arrive",
        Request.Kind.REPLACEMENT: "its customer asks for a replacement",
        Request.Kind.OTHER: "its customer has a question",
    }
    what = words[Request.Kind(request.kind)] if request.order_id else "has a question"
    alert(
        key=f"request:{request.pk}",
        subject=f"{about}: {what}" if request.order_id else f"{about} {what}",
        detail="See to it, then answer or close the request in the admin. No money moves by itself.",
        severity=Alert.Severity.INFO,
        now=now,
    )
