"""One e-mail to many customers: who gets it, and the act that puts a notice for each of them into the outbox.

The kind is one that customers can switch off, and each e-mail carries the link for it. The texts stand in the mailing
and not in the notices, so ten thousand recipients are ten thousand short rows.
"""

from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from accounts.models import User
from notices.kinds import Kind
from notices.models import Mailing, Notice, Switches

# Who bought something in this time has bought lately.
LATELY = timedelta(days=30)
PART = 1000


class CantSend(Exception):
    """Nothing goes out; says why, for the operator."""


def audience(mailing: Mailing, *, now: datetime) -> QuerySet[User]:
    """Everybody who gets it: customers with a confirmed address who did not switch news off."""
    confirmed = EmailAddress.objects.filter(user=OuterRef("pk"), primary=True, verified=True)
    off = Switches.objects.filter(customer=OuterRef("pk"), chosen__NEWS=False)
    people = User.objects.filter(Exists(confirmed), ~Exists(off), is_active=True, is_staff=False)
    match mailing.audience:
        case Mailing.Audience.GROUP:
            return people.filter(group=mailing.group_id) if mailing.group_id else people.none()
        # The account is the wallet's, a room above this one; known here by the relation alone.
        case Mailing.Audience.WITH_BALANCE:
            return people.filter(account__balance__gt=F("account__held"))
        case Mailing.Audience.BOUGHT_LATELY:
            return people.filter(account__holds__created_at__gte=now - LATELY).distinct()
        case _:
            return people


def begin(*, mailing: Mailing, now: datetime) -> int:
    """Put it into the outbox of everybody who gets it, once; how many those are. Raises `CantSend`."""
    with transaction.atomic():
        taken = Mailing.objects.filter(pk=mailing.pk, begun_at=None).update(begun_at=now)
        if not taken:
            raise CantSend("It went out before: nothing was sent again.")
        mailing.refresh_from_db()
        people = list(audience(mailing, now=now).order_by("pk").values_list("pk", flat=True))
        if not people:
            raise CantSend("Nobody would get it.")
        for start in range(0, len(people), PART):
            Notice.objects.bulk_create(
                Notice(customer_id=pk, kind=Kind.NEWS, mailing=mailing, made_at=now, due_at=now)
                for pk in people[start : start + PART]
            )
        mailing.recipients = len(people)
        mailing.save(update_fields=["recipients"])
    return len(people)
