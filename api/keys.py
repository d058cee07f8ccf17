"""Make and revoke keys, and find the one behind a secret."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import suspensions
from accounts.models import User
from api.models import Key
from core.prepared import MOMENT, TEXT, Prepared, given

MOST = 20
# Hexadecimal, so that no client has to escape it.
_BYTES = 32
_SHOWN = 8


class CantMake(Exception):
    """No key was made; says why, for the customer."""


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def make(
    *,
    customer: User,
    name: str,
    scope: str = Key.Scope.FULL,
    networks: Sequence[str] = (),
    form_key: str = "",
    now: datetime,
) -> tuple[Key, str]:
    """A new key and its secret, which can't be had again. Raises `CantMake`.

    The same `form_key` again is the same key, with an empty secret.
    """
    secret = secrets.token_hex(_BYTES)
    with transaction.atomic():
        # Locked, so that two requests at once don't pass the limit together.
        User.objects.select_for_update().get(pk=customer.pk)
        made = Key.objects.filter(customer=customer, form_key=form_key).first() if form_key else None
        if made is not None:
            return made, ""
        if Key.objects.filter(customer=customer, revoked_at=None).count() >= MOST:
            raise CantMake(_("You have %(most)d keys: revoke one that you no longer use.") % {"most": MOST})
        key = Key.objects.create(
            customer=customer,
            name=name,
            prefix=secret[:_SHOWN],
            digest=digest(secret),
            scope=scope,
            networks=list(networks),
            form_key=form_key,
            created_at=now,
        )
    return key, secret


def revoke(*, key_id: int, customer: User, now: datetime) -> Key:
    """End a key, at once and for good; twice is harmless. Raises `Key.DoesNotExist`."""
    key = Key.objects.get(pk=key_id, customer=customer)
    Key.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
    key.refresh_from_db()
    return key


def behind(secret: str) -> Key | None:
    """The live key with this secret, of somebody whose account is open; with its customer. One query.

    `is_shut` of it says whether its owner may not use the API now.
    """
    if not 0 < len(secret) <= 200:
        return None
    return _BEHIND.first(digest=digest(secret), now=timezone.now())


# Of a key and its owner what nearly every call needs; the rest is read when somebody asks for it.
_NEEDED = (
    *("customer_id", "scope", "networks", "last_used_at", "customer__is_active", "customer__group_id"),
    *("customer__limit_spend_a_day", "customer__limit_active_numbers", "customer__limit_purchases_a_minute"),
)


def _behind() -> QuerySet[Key]:
    shut = suspensions.shuts(suspensions.API, customer="customer_id", now=given("now", MOMENT))
    live = Key.objects.select_related("customer").only(*_NEEDED).filter(revoked_at=None, customer__is_active=True)
    return live.filter(digest=given("digest", TEXT)).annotate(is_shut=shut).order_by()


_BEHIND = Prepared(_behind)
