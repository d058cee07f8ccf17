"""The shop's terms: which version holds, who has agreed to it, and publishing a new one."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Acceptance, Terms, User


class CantPublish(Exception):
    """The version stays a draft; says why, for the operator."""


class NewerVersion(Exception):
    """Another version than the one that was read holds by now."""

    def __init__(self) -> None:
        super().__init__(_("The terms changed while you were reading. Please look at the new version."))


def current(now: datetime) -> Terms | None:
    """The version that holds at `now`; None while there has never been one."""
    return Terms.objects.filter(published_at__lte=now).order_by("-published_at", "-pk").first()


def owed(user: User, now: datetime) -> Terms | None:
    """The version that the user has yet to accept, if any.

    Only the pages ask for it. The API goes on working: a program can't read terms, and its owner's orders must not
    stop on the day that a new version comes out.
    """
    holds = current(now)
    if holds is None or Acceptance.objects.filter(user=user, terms=holds).exists():
        return None
    return holds


def accept(*, user: User, version: int, address: str | None, now: datetime) -> Acceptance:
    """Record the user's yes to the version with this number, once. Raises `NewerVersion`."""
    holds = current(now)
    if holds is None or holds.pk != version:
        raise NewerVersion
    made, _new = Acceptance.objects.get_or_create(user=user, terms=holds, defaults={"at": now, "address": address})
    return made


def publish(*, terms: Terms, now: datetime) -> None:
    """Make it the version that holds; from now on it can't be changed. Raises `CantPublish`."""
    with transaction.atomic():
        draft = Terms.objects.select_for_update().get(pk=terms.pk)
        if draft.published_at is not None:
            raise CantPublish("It is published already.")
        if not draft.text_en.strip():
            raise CantPublish("It has no English text yet.")
        draft.published_at = now
        draft.save(update_fields=["published_at"])
    terms.refresh_from_db()
