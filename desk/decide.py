"""An operator closes a customer's request: it is done, or it is refused. The order and its money stay as they are."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from core.alerts import resolve
from desk.models import Message, Request
from desk.tell import tell_customer


class CantDecide(Exception):
    """The request is closed already."""


def done(*, request_id: int, operator: User, reason: str, answer: str = "", now: datetime) -> Request:
    """Close it as DONE, with an `answer` for the customer if there is one to give. Raises `CantDecide`."""
    return _close(request_id, Request.State.DONE, operator, reason, answer, now)


def refuse(*, request_id: int, operator: User, reason: str, answer: str = "", now: datetime) -> Request:
    """Close it as REFUSED; `answer` tells the customer why. Raises `CantDecide`."""
    return _close(request_id, Request.State.REFUSED, operator, reason, answer, now)


def _close(request_id: int, state: str, operator: User, reason: str, answer: str, now: datetime) -> Request:
    with transaction.atomic():
        request = locked(request_id)
        Message.objects.create(
            request=request,
            kind=Message.Kind.DONE if state == Request.State.DONE else Message.Kind.REFUSED,
            author=operator,
            text=answer,
            at=now,
        )
        close(request, state, operator, reason, now)
    return request


def locked(request_id: int) -> Request:
    """The request, locked for an act. Raises `CantDecide` when it is closed."""
    request = Request.objects.select_for_update().get(pk=request_id)
    if not request.is_live:
        raise CantDecide(f"Request {request_id} is {request.state.lower()} already.")
    return request


def close(request: Request, state: str, operator: User, reason: str, now: datetime) -> None:
    """Write a locked request's end down, and tell its customer."""
    request.state = state
    request.actor = operator
    request.note = reason
    request.unread = True
    request.changed_at = request.decided_at = now
    request.save()
    resolve(key=f"request:{request.pk}", now=now)
    tell_customer(request, now)
