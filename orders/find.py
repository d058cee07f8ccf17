"""Find a customer's orders: filtered, searched, sorted, and page after page without counting through them."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from catalog.search import MOST_WORDS, fold
from orders import states
from orders.models import Order

# By the name that stands in the address; each has an index that begins with the customer.
SORTS = {"": ["-pk"], "old": ["pk"], "-charge": ["-charge", "-pk"], "charge": ["charge", "pk"]}
SORT_NAMES = {
    "": pgettext_lazy("orders", "Newest first"),
    "old": _("Oldest first"),
    "-charge": _("Highest charge first"),
    "charge": _("Lowest charge first"),
}


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; empty fields don't filter."""

    group: str = ""
    words: str = ""
    sort: str = ""


def wanted(given: Mapping[str, str]) -> Wanted:
    """What an address asks for; what it can't mean is left out."""
    group, sort = given.get("status", ""), given.get("sort", "")
    # PostgreSQL has no text with a NUL in it.
    words = given.get("q", "").replace("\0", "").strip()[:200]
    return Wanted(group if group in states.GROUPS else "", words, sort if sort in SORTS else "")


def found(orders: QuerySet[Order], wanted: Wanted) -> QuerySet[Order]:
    """Filtered by a group of states, and by words: each in the service's name or the link, or the number itself."""
    if wanted.group:
        orders = orders.filter(state__in=states.GROUPS[wanted.group][1])
    for word in wanted.words.split()[:MOST_WORDS]:
        fits = Q(service_name__icontains=word) | Q(link__icontains=fold(word)) | Q(link__icontains=word)
        number = word.removeprefix("#")
        if number.isascii() and number.isdigit() and len(number) < 19:
            # With its sign it can be nothing but a number, which needs no look at every name.
            fits = Q(pk=int(number)) if word.startswith("#") else fits | Q(pk=int(number))
        orders = orders.filter(fits)
    return orders.order_by(*SORTS[wanted.sort])


def following(orders: QuerySet[Order], sort: str, last: int, *, customer: User) -> QuerySet[Order]:
    """What comes after the customer's order number `last` in this sort."""
    down = sort in ("", "-charge")
    beyond = Q(pk__lt=last) if down else Q(pk__gt=last)
    if sort in ("", "old"):
        return orders.filter(beyond)
    # A charge never changes, so the number alone tells the place.
    # A charge never changes, so the number alone tells the place.
    least = Order.objects.filter(pk=last, customer=customer).values_list("charge", flat=True).first()
    if least is None:
        return orders.none()
    further = Q(charge__lt=least) if down else Q(charge__gt=least)
    # The first condition says where the index is entered.
    entered = Q(charge__lte=least) if down else Q(charge__gte=least)
    return orders.filter(entered).filter(further | (Q(charge=least) & beyond))
