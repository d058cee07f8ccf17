"""Invitations: which of them still let somebody in, and using one up."""

from datetime import datetime

from django.db.models import F, Q
from django.utils.translation import gettext as _

from accounts.models import Invitation, User

LONGEST = 40


class CantUse(Exception):
    """The invitation lets this person not in; says why."""


def good(code: str, now: datetime) -> Invitation | None:
    """The invitation with this code, if it can still be used by somebody."""
    if not 0 < len(code) <= LONGEST or not code.isascii() or not code.isprintable():
        return None
    alive = Q(expires_at=None) | Q(expires_at__gt=now)
    return Invitation.objects.filter(alive, code=code, used__lt=F("uses")).first()


def check(code: str, *, email: str, now: datetime) -> Invitation:
    """The invitation, for somebody with this address. Raises `CantUse`."""
    invitation = good(code, now)
    if invitation is None:
        raise CantUse(_("This invitation is used up or has expired."))
    if invitation.email and invitation.email.lower() != email.lower():
        raise CantUse(_("This invitation is for another e-mail address."))
    return invitation


def use(code: str, *, user: User, now: datetime) -> Invitation:
    """Use it up by one, for this user, inside the caller's transaction. Raises `CantUse`."""
    invitation = check(code, email=user.email, now=now)
    # Conditional, so that two people at once don't share the last use.
    if not Invitation.objects.filter(pk=invitation.pk, used__lt=F("uses")).update(used=F("used") + 1):
        raise CantUse(_("This invitation is used up or has expired."))
    User.objects.filter(pk=user.pk).update(invitation=invitation)
    return invitation
