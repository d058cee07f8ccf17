"""Write to a request: its customer, or an operator. Who wrote last waits for the other one."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.alerts import resolve
from desk.ask import tell_operators
from desk.models import Message, Request
from desk.tell import tell_customer

LONGEST = 5000
# What one customer may write to one request; more is no conversation.
MOST = 200


class CantSay(Exception):
    """Nothing can be written to the request; says why."""


def reply(*, request_id: int, customer: User, text: str, form_key: str = "", now: datetime) -> Request:
    """The customer writes: the request waits for an operator. The same `form_key` again writes nothing more.

    Raises `CantSay`, `Request.DoesNotExist`.
    """
    with transaction.atomic():
        request = Request.objects.select_for_update().get(pk=request_id, customer=customer)
        if form_key and request.messages.filter(form_key=form_key).exists():
            return request
        if not request.is_live:
            raise CantSay(_("This request is closed. Open a new one."))
        if request.messages.filter(by_customer=True).count() >= MOST:
            raise CantSay(_("This request has become very long. Open a new one."))
        Message.objects.create(request=request, author=customer, by_customer=True, text=text, form_key=form_key, at=now)
        request.state = Request.State.OPEN
        request.changed_at = now
        request.save()
        tell_operators(request, now)
    return request


def answer(*, request_id: int, operator: User, text: str, now: datetime) -> Request:
    """The operator writes: the request waits for its customer. Raises `CantSay`."""
    with transaction.atomic():
        request = Request.objects.select_for_update().get(pk=request_id)
        if not request.is_live:
            raise CantSay(f"Request {request_id} is {request.state.lower()} already.")
        Message.objects.create(request=request, author=operator, text=text, at=now)
        request.state = Request.State.ANSWERED
        request.unread = True
        request.changed_at = now
        request.save()
        resolve(key=f"request:{request_id}", now=now)
        tell_customer(request, now)
    return request


def seen(request: Request) -> None:
    """The customer has looked at all that there is."""
    if request.unread:
        Request.objects.filter(pk=request.pk, changed_at=request.changed_at).update(unread=False)
