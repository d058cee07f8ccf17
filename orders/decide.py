"""An operator closes a customer's request: it is done, or it is refused. The order and its money stay as they are."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from core.alerts import resolve
from orders.models import Request


class CantDecide(Exception):
    """The request is closed already."""


def done(*, request_id: int, operator: User, reason: str, now: datetime) -> Request:
    """OPEN → DONE. Raises `CantDecide`."""
    return _close(request_id, Request.State.DONE, operator, reason, now)


def refuse(*, request_id: int, operator: User, reason: str, now: datetime) -> Request:
    """OPEN → REFUSED. Raises `CantDecide`."""
    return _close(request_id, Request.State.REFUSED, operator, reason, now)


def _close(request_id: int, state: str, operator: User, reason: str, now: datetime) -> Request:
    with transaction.atomic():
        request = Request.objects.select_for_update().get(pk=request_id)
        if request.state != Request.State.OPEN:
            raise CantDecide(f"Request {request_id} is {request.state.lower()} already.")
        request.state = state
        request.actor = operator
        request.note = reason
        request.decided_at = now
        request.save()
        resolve(key=f"request:{request_id}", now=now)
    return request
