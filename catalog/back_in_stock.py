"""Tell customers that a service they waited for is in stock again.

A wish is the outbox: `mark_due` finds those whose service is back, whatever brought it back (a sync, a look at the
stock), so nothing that changes a stock has to know of wishes. `tell` hands each one out once, to the customer's next
page.
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Service, StockWish
from catalog.search import on_shelf, shelf
from core.prepared import ID, Prepared, given
from notices.kinds import Kind
from notices.tell import tell as tell_by_mail

# Services that one customer may wait for at a time.
MOST = 100
BATCH = 500
# Services that one page tells of.
AT_ONCE = 3


class CantWish(Exception):
    """Nothing was noted down; says why, to the customer."""


def wish(*, customer: User, service_id: int, now: datetime) -> None:
    """Note down that the customer wants to hear of the service; once is enough.

    Raises `CantWish`: it is in stock, it is not sold any more, or the customer waits for too many already.
    """
    service = on_shelf().filter(pk=service_id).first()
    if service is None:
        raise CantWish(_("This service is no longer offered."))
    if service.in_stock:
        raise CantWish(_("It is in stock now: you can order it."))
    open_ones = StockWish.objects.filter(customer=customer, due_at=None)
    if open_ones.filter(service=service).exists():
        return
    if open_ones.count() >= MOST:
        raise CantWish(_("You wait for %(most)d services already. Take one of them away first.") % {"most": MOST})
    try:
        with transaction.atomic():
            StockWish.objects.create(customer=customer, service=service, wished_at=now)
    except IntegrityError:  # a second click was first
        return


def forget(*, customer: User, service_id: int) -> bool:
    """The customer no longer waits for the service; false when they did not."""
    gone, _rows = StockWish.objects.filter(customer=customer, service_id=service_id, due_at=None).delete()
    return bool(gone)


def waits(customer: User, service_id: int) -> bool:
    """Whether the customer waits for the service."""
    return StockWish.objects.filter(customer=customer, service_id=service_id, due_at=None).exists()


def mark_due(*, now: datetime) -> list[StockWish]:
    """Mark the wishes whose service can be bought again, note the e-mails, and return them: each once."""
    back = Q(service__stock=None) | Q(service__stock__gte=F("service__min"))
    on_sale = shelf("service__") & Q(service__category__hidden=False)
    with transaction.atomic():
        found = StockWish.objects.filter(back, on_sale, due_at=None).order_by("pk")
        due = list(found.select_for_update(of=("self",), skip_locked=True).select_related("service")[:BATCH])
        StockWish.objects.filter(pk__in=[each.pk for each in due]).update(due_at=now)
        for each in due:
            tell_by_mail(
                customer_id=each.customer_id,
                kind=Kind.BACK_IN_STOCK,
                about={"name": each.service.name},
                link=f"/services/{each.service_id}/",
                now=now,
            )
    return due


_UNTOLD = Prepared(
    lambda: (
        StockWish.objects.filter(customer_id=given("customer", ID), due_at__isnull=False, told_at=None)
        .select_related("service")
        .order_by("pk")[:AT_ONCE]
    )
)


def tell(*, customer: User, now: datetime) -> list[Service]:
    """Services that are back and of which the customer has not been told; they count as told then."""
    # Two pages that are loaded at once: one of them tells.
    return [
        each.service
        for each in _UNTOLD.all(customer=customer.pk)
        if StockWish.objects.filter(pk=each.pk, told_at=None).update(told_at=now)
    ]
