"""What a customer may not do for a time: begin it, lift it, and ask whether it holds.

No log-in means no purchase and no API either. What was bought before goes on to its end and is credited: nothing here
touches orders, numbers or money.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import sessions
from accounts.models import Suspension, User
from core.prepared import ID, MOMENT, Prepared, given

Degree = Suspension.Degree
# What each thing is shut by.
LOG_IN = (Degree.LOG_IN,)
PURCHASE = (Degree.LOG_IN, Degree.PURCHASE)
API = (Degree.LOG_IN, Degree.API)


class CantSuspend(Exception):
    """Nobody was suspended; says why, for the operator."""


def suspend(
    *,
    customer: User,
    degree: str,
    reason: str,
    told: str = "",
    ends_at: datetime | None = None,
    operator: User | None,
    now: datetime,
) -> Suspension:
    """Shut something to the customer until `ends_at`, or until it is lifted; one of the same degree is replaced.

    Whoever may not log in is logged out everywhere at once. Keys stay as they are and open nothing meanwhile.
    Raises `CantSuspend`.
    """
    if ends_at is not None and ends_at <= now:
        raise CantSuspend("It would be over before it began: choose a later end.")
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=customer.pk)
        if person.is_staff:
            raise CantSuspend("This is a member of staff: take their role or their “active” away instead.")
        Suspension.objects.filter(customer=person, degree=degree, lifted_at=None).update(
            lifted_at=now, lifted_by=operator
        )
        made = Suspension.objects.create(
            customer=person,
            degree=degree,
            reason=reason,
            told=told,
            begun_at=now,
            begun_by=operator,
            ends_at=ends_at,
        )
        if degree in LOG_IN:
            sessions.end_all(user=person)
    return made


def lift(*, suspension: Suspension, operator: User | None, now: datetime) -> bool:
    """End a suspension; whether it was still on."""
    return bool(Suspension.objects.filter(pk=suspension.pk, lifted_at=None).update(lifted_at=now, lifted_by=operator))


def live(now: Any) -> QuerySet[Suspension]:
    """Those that hold at a moment, or at one that is given later (`core.prepared`)."""
    return Suspension.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), lifted_at=None)


_LIVE_OF = Prepared(lambda: live(given("now", MOMENT)).filter(customer_id=given("customer", ID)))


def shuts(degrees: Iterable[str], *, customer: str, now: Any) -> Exists:
    """In a query: whether one of the degrees holds for the customer whose id stands in the column `customer`."""
    return Exists(live(now).filter(customer=OuterRef(customer), degree__in=degrees))


def found(customer_id: int, degrees: Collection[str], *, now: datetime) -> Suspension | None:
    """The one that holds longest, if any does."""
    held = [one for one in _LIVE_OF.all(customer=customer_id, now=now) if one.degree in degrees]
    return max(held, key=lambda one: (one.ends_at is None, one.ends_at), default=None)


def words(suspension: Suspension) -> str:
    """For the customer: what is shut, why, and until when."""
    what = {
        Degree.LOG_IN: _("Your account is suspended."),
        Degree.PURCHASE: _("Buying is suspended for your account."),
        Degree.API: _("The API is suspended for your account."),
    }
    said = [what[Degree(suspension.degree)]]
    if suspension.told:
        said.append(suspension.told)
    if suspension.ends_at is not None:
        said.append(_("It ends at %(time)s.") % {"time": f"{timezone.localtime(suspension.ends_at):%Y-%m-%d %H:%M %Z}"})
    return " ".join(said)
