"""A customer chooses what they are told by e-mail, on the page or by the link in an e-mail."""

from collections.abc import Mapping
from decimal import Decimal

from django.core import signing
from django.db import transaction

from accounts.models import User
from notices.kinds import OFF_AT_FIRST, Kind
from notices.models import Switches

_SALT = "notices.stop"
EVERYTHING = "EVERYTHING"


class BadToken(Exception):
    """Not one of our links."""


def switches_of(customer_id: int) -> Switches:
    """The customer's switches; an unsaved row where they never chose."""
    return Switches.objects.filter(customer=customer_id).first() or Switches(customer_id=customer_id)


def choose(*, customer_id: int, on: Mapping[str, bool], low_below: Decimal | None) -> None:
    """Set the switches that `on` names, and the mark (USD) below which the balance is low; None: never."""
    with transaction.atomic():
        switches = _locked(customer_id)
        switches.chosen = _differing({**switches.chosen, **on})
        switches.low_below = low_below
        switches.save()


def stop(*, token: str) -> tuple[int, str]:
    """Switch off what the link of an e-mail names; returns the customer's id and the kind. Raises `BadToken`."""
    customer_id, kind = read(token)
    kinds = Kind.values if kind == EVERYTHING else [kind]
    with transaction.atomic():
        switches = _locked(customer_id)
        switches.chosen = _differing({**switches.chosen, **dict.fromkeys(kinds, False)})
        switches.save()
    return customer_id, kind


def token_for(customer_id: int, kind: str) -> str:
    """What the link of an e-mail carries: good for ever, and only to switch off."""
    return signing.dumps([customer_id, kind], salt=_SALT, compress=True)


def read(token: str) -> tuple[int, str]:
    """The customer's id and the kind (or `EVERYTHING`) of a link. Raises `BadToken`."""
    try:
        customer_id, kind = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise BadToken from None
    if not isinstance(customer_id, int) or kind not in [*Kind.values, EVERYTHING]:
        raise BadToken
    if not User.objects.filter(pk=customer_id).exists():
        raise BadToken
    return customer_id, kind


def _locked(customer_id: int) -> Switches:
    Switches.objects.get_or_create(customer_id=customer_id)
    return Switches.objects.select_for_update().get(customer=customer_id)


def _differing(chosen: Mapping[str, bool]) -> dict[str, bool]:
    """Without what is as it is at first."""
    return {kind: on for kind, on in chosen.items() if kind in Kind.values and on != (kind not in OFF_AT_FIRST)}
