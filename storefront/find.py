"""Search every room for the same words: services, one's own orders and numbers, the shop's pages."""

from dataclasses import dataclass, field

from django.http import HttpRequest

import orders.search
import sms.search
from accounts.models import User
from catalog import index
from catalog.models import Service
from catalog.search import Wanted, on_shelf
from orders.models import Order
from sms.models import Number
from storefront.pages import Page
from storefront.pages import find as find_pages

# One letter is in everything.
SHORTEST = 2


@dataclass(frozen=True)
class Found:
    """What a search found; of every group only the first few."""

    words: str
    tried: bool = True
    """Whether the words were enough to search for."""
    services: list[Service] = field(default_factory=list)
    more_services: bool = False
    """There are services beyond these."""
    orders: list[Order] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.services or self.orders or self.numbers or self.pages)


def find(request: HttpRequest, words: str, *, most: int) -> Found:
    """At most `most` of each group; another customer's things are never among them."""
    if len(words) < SHORTEST and not words.isdigit():
        return Found(words, tried=False)
    fit = index.find(Wanted(words=words).folded)
    there = on_shelf().select_related("category").in_bulk(fit[:most])
    person = request.user if isinstance(request.user, User) else None
    return Found(
        words,
        services=[there[pk] for pk in fit[:most] if pk in there],
        more_services=len(fit) > most,
        orders=orders.search.find(person, words, most=most) if person else [],
        numbers=sms.search.find(person, words, most=most) if person else [],
        pages=find_pages(request, words, most=most),
    )
