"""What a search among purchases and numbers may mean, besides ids: each way is served by an index."""

import re

from django.db.models import Q

from accounts.search import people
from core.admin_lists import Way, by_text


def by_customer(column: str) -> Way:
    """A part of the e-mail address of the customer in `column`."""

    def way(text: str) -> Q | None:
        ids = people(text)
        return Q(**{f"{column}__in": ids}) if ids else None

    return way


def by_phone(prefix: str = "") -> Way:
    """A whole phone number, as the vendor wrote it or in international form, however it is typed."""

    def way(text: str) -> Q | None:
        # 00 is how + is dialled.
        digits = re.sub(r"\D", "", text, flags=re.ASCII).removeprefix("00")
        if len(digits) < 5:
            return None
        written = [text, digits, f"+{digits}"]
        return Q(**{f"{prefix}phone__in": written}) | Q(**{f"{prefix}e164": f"+{digits}"})

    return way


NUMBERS = (by_phone(), by_customer("purchase__customer"))
PURCHASES = (by_text("reference", str.lower), by_phone("numbers__"), by_customer("customer"))
