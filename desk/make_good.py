"""An operator makes good what a request is about: money back, or items again; and closes the request as done."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from desk.decide import CantDecide, close, locked
from desk.models import Message, Request
from orders.redeliver import redeliver
from orders.refund import refund


def pay_back(
    *, request_id: int, amount: Decimal, key: str, operator: User, reason: str, answer: str = "", now: datetime
) -> Request:
    """Pay `amount` USD of the request's order back. A request that is closed pays nothing more.

    Raises `CantDecide`, `ledger.LedgerError` when all refunds would pass what the order was paid for.
    """
    with transaction.atomic():
        request = locked(request_id)
        order = _order_of(request)
        refund(
            order_id=order,
            amount=amount,
            key=key,
            operator=operator,
            reason=reason,
            now=now,
        )
        Message.objects.create(
            request=request, kind=Message.Kind.REFUNDED, author=operator, amount=amount, text=answer, at=now
        )
        close(request, Request.State.DONE, operator, reason, now)
    return request


def deliver_again(
    *,
    request_id: int,
    texts: Sequence[str],
    replaces: Sequence[int],
    operator: User,
    reason: str,
    answer: str = "",
    now: datetime,
) -> Request:
    """Give the customer `texts`, in place of the items at the positions `replaces` or for those that are missing.

    Raises `CantDecide`, `CantRedeliver`.
    """
    with transaction.atomic():
        request = locked(request_id)
        redeliver(
            order_id=_order_of(request), texts=texts, replaces=replaces, operator=operator, reason=reason, now=now
        )
        Message.objects.create(
            request=request, kind=Message.Kind.REPLACED, author=operator, count=len(texts), text=answer, at=now
        )
        close(request, Request.State.DONE, operator, reason, now)
    return request


def _order_of(request: Request) -> int:
    if request.order_id is None:
        raise CantDecide("It is about no order.")
    return request.order_id
