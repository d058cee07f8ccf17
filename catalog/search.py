"""Find services: what is on the shelf, filtered, searched and sorted."""

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import QueryDict

from catalog.models import Favourite, Service

SORTS: dict[str, list[Any]] = {
    # As the operator has them; what has no place comes after that, by name.
    "name": ["position", "name", "pk"],
    "price": ["price", "pk"],
    "-price": ["-price", "pk"],
    "new": ["-first_seen_at", "-pk"],
    # Services of which nobody knows how long they take come last.
    "fast": [F("speed__done_median").asc(nulls_last=True), "position", "name", "pk"],
}
# More words than this in a search are noise.
MOST_WORDS = 8


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; empty fields don't filter."""

    words: str = ""
    category_id: int | None = None
    subcategory_id: int | None = None
    entity: str = ""
    in_stock: bool = False
    auto_delivery: bool = False
    refill: bool = False
    cancel: bool = False
    favourites_of: int | None = None
    sort: str = "name"

    @property
    def folded(self) -> list[str]:
        """The words, as a search compares them."""
        return fold(self.words).split()[:MOST_WORDS]

    @cached_property
    def query(self) -> QueryDict:
        """The shortest address query for it; nobody changes it."""
        query = QueryDict(mutable=True)
        texts = {
            "q": self.words,
            "category": self.category_id,
            "subcategory": self.subcategory_id,
            "kind": self.entity.lower(),
            "in_stock": self.in_stock,
            "auto": self.auto_delivery,
            "refill": self.refill,
            "cancel": self.cancel,
            "favourites": self.favourites_of is not None,
            "sort": self.sort if self.sort != "name" else "",
        }
        for name, value in texts.items():
            if value:
                query[name] = "1" if value is True else str(value)
        query._mutable = False
        return query

    @property
    def narrowed(self) -> bool:
        """Whether words or filters besides the tree's are wanted."""
        return bool(set(self.query) - {"category", "subcategory", "sort"})

    @property
    def words_or_filters(self) -> bool:
        """The same, favourites apart."""
        return bool(set(self.query) - {"category", "subcategory", "sort", "favourites"})

    @property
    def is_words_alone(self) -> bool:
        """Whether nothing but words is wanted, in the shop's order."""
        return bool(self.folded) and self == Wanted(words=self.words)


def fold(text: str) -> str:
    """Letters as a search compares them: no case, one form for each character."""
    if text.isascii():  # nearly every text is
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold()


def shelf(before: str = "") -> Q:
    """What makes a service one to be seen and bought, its category apart; `before` is the way to it, such as
    `services__`.
    """
    return Q(**{f"{before}state": Service.State.ON_SALE, f"{before}hidden": False, f"{before}block": None})


def on_shelf() -> QuerySet[Service]:
    """Everything a customer may see and buy."""
    return Service.objects.filter(shelf(), category__hidden=False)


def sight(before: str = "") -> Q:
    """What makes a service one whose page a customer may open, on sale just now or not; `before` as in `shelf`."""
    return Q(**{f"{before}hidden": False, f"{before}block": None, f"{before}category__hidden": False})


def in_sight() -> QuerySet[Service]:
    """Everything whose page a customer may open."""
    return Service.objects.filter(sight())


def find(wanted: Wanted) -> QuerySet[Service]:
    """Services on the shelf that fit, in the wanted order; every word must occur."""
    services = on_shelf()
    if wanted.category_id:
        services = services.filter(category_id=wanted.category_id)
    if wanted.subcategory_id:
        services = services.filter(subcategory_id=wanted.subcategory_id)
    if wanted.entity:
        services = services.filter(entity=wanted.entity)
    if wanted.in_stock:
        services = services.annotate(left=Coalesce(F("stock"), F("max"))).filter(left__gte=F("min"))
    for flag in ("auto_delivery", "refill", "cancel"):
        if getattr(wanted, flag):
            services = services.filter(**{flag: True})
    if wanted.favourites_of:
        kept = Favourite.objects.filter(customer_id=wanted.favourites_of)
        services = services.filter(pk__in=kept.values("service_id"))
    for word in wanted.folded:
        fits = Q(search_text__contains=word)
        if word.isascii() and word.isdigit() and len(word) < 16:
            fits |= Q(pk=int(word))
        services = services.filter(fits)
    return services.order_by(*SORTS.get(wanted.sort, SORTS["name"]))
