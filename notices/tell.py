"""Have a customer told by e-mail: a row in the outbox, written in the transaction of what it tells of.

What happened and its notice are committed together, so none is lost and none is told that did not happen. Nothing is
written for somebody who switched the kind off or whose address is not confirmed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef
from django.urls import reverse

from core.money import show
from core.prepared import ID, USD, Prepared, given
from notices.kinds import Kind
from notices.models import Notice, Switches

# What happens of one kind in this time goes into one e-mail.
GATHER = timedelta(minutes=1)


def tell(*, customer_id: int, kind: Kind, about: Mapping[str, object], link: str = "", now: datetime) -> bool:
    """Note down that the customer is to be told; returns whether it was.

    `about` holds what the kind's words ask for (`notices/kinds.py`): names, numbers and amounts as text, never goods
    or codes. `link` is a path of the shop. A kind that is off costs one look-up by an index.
    """
    switches = Switches.objects.filter(customer=customer_id).first() or Switches()
    if not switches.wants(kind):
        return False
    return _note(customer_id, kind, about, link, now)


def watched(owner: str) -> Exists:
    """In a query: whether the customer whose id stands in the column `owner` wants to know that their balance fell."""
    return Exists(Switches.objects.filter(customer=OuterRef(owner), low_below__isnull=False))


_CROSSED = Prepared(
    lambda: Switches.objects.filter(
        customer_id=given("customer", ID), low_below__lte=given("before", USD), low_below__gt=given("after", USD)
    ).order_by()
)


def balance_fell(*, customer_id: int | None, before: Decimal, after: Decimal, now: datetime) -> bool:
    """Tell whoever wanted to know that their available balance fell below their mark; amounts are USD.

    Only the step across the mark tells, so once until it rises again.
    """
    if customer_id is None:
        return False
    crossed = _CROSSED.first(customer=customer_id, before=before, after=after)
    if crossed is None or crossed.low_below is None or not crossed.wants(Kind.LOW_BALANCE):
        return False
    about = {"amount": show(after), "threshold": show(crossed.low_below)}
    return _note(customer_id, Kind.LOW_BALANCE, about, reverse("wallet:statement"), now)


def _note(customer_id: int, kind: Kind, about: Mapping[str, object], link: str, now: datetime) -> bool:
    if not EmailAddress.objects.filter(user=customer_id, primary=True, verified=True).exists():
        return False
    # PostgreSQL has no text with a NUL in it.
    texts = {name: str(value).replace("\0", "")[:200] for name, value in about.items()}
    Notice.objects.create(customer_id=customer_id, kind=kind, about=texts, link=link, made_at=now, due_at=now + GATHER)
    return True
