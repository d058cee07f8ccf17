"""What a search among orders may mean, besides a number: each way is served by an index."""

from django.db.models import Q
from django.db.models.functions import Left
from django.db.models.lookups import StartsWith

from accounts.search import people
from core.admin_lists import by_text

# As much of a link as its index has.
LINK_INDEXED = 200
_SCHEMES = ("https://", "https://www.", "http://", "http://www.")


def by_link(text: str) -> Q | None:
    """How the link begins, with or without what stands before the site's name."""
    if len(text) < 4:
        return None
    beginnings = [text] if "://" in text else [text, *(scheme + text for scheme in _SCHEMES)]
    found = Q()
    for beginning in beginnings:
        found |= Q(StartsWith(Left("link", LINK_INDEXED), beginning[:LINK_INDEXED]))
    return found


def by_customer(text: str) -> Q | None:
    """A part of the customer's e-mail address."""
    ids = people(text)
    return Q(customer__in=ids) if ids else None


WAYS = (by_text("reference", str.upper), by_customer, by_link)
