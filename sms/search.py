"""Find a customer's own phone numbers from any page."""

import re

from django.db.models import Q

from accounts.models import User
from sms.models import Number

_DIALLED = re.compile(r"\+?[0-9][0-9 ().-]{2,}", re.ASCII)


def digits(words: str) -> str:
    """The digits of a phone number as people write it; empty for anything else."""
    return re.sub(r"\D", "", words) if _DIALLED.fullmatch(words.strip()) else ""


def find(customer: User, words: str, *, most: int) -> list[Number]:
    """The customer's newest numbers in which the digits occur."""
    wanted = digits(words)
    if not wanted:
        return []
    fits = Q(e164__contains=wanted) | Q(phone__contains=wanted)
    own = Number.objects.filter(fits, purchase__customer=customer).select_related("purchase")
    return list(own.order_by("-pk")[:most])
