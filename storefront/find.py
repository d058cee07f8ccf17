"""Search every room for the same words: services, one's own orders and numbers, the shop's pages."""

from dataclasses import dataclass, field

from django.http import HttpRequest

import orders.search
import sms.search
from accounts.models import User
from catalog.models import Service
from catalog.search import Wanted
from catalog.search import find as find_services
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
    # One more than is shown says whether there are more: counting them all would take longer than finding these.
    services = list(find_services(Wanted(words=words)).select_related("category")[: most + 1])
    person = request.user if isinstance(request.user, User) else None
    return Found(
        words,
        services=services[:most],
        more_services=len(services) > most,
        orders=orders.search.find(person, words, most=most) if person else [],
        numbers=sms.search.find(person, words, most=most) if person else [],
        pages=find_pages(request, words, most=most),
    )
