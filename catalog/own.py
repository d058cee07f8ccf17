"""What holds of a service: the operator's own word where there is one, else the vendor's. Pure: the one place for it.

A sync and an operator's change both ask here, so that neither undoes the other.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from catalog.models import Category, Service
from catalog.pricing import Rule, RuleBook
from catalog.search import fold


class Own(NamedTuple):
    """What the operator says of a service. Empty and None: as the vendor has it."""

    name: str = ""
    name_zh: str = ""
    category_id: int | None = None
    price: Decimal | None = None

    @classmethod
    def of(cls, service: Service) -> "Own":
        """What stands in the row of a service."""
        return cls(service.own_name, service.name_zh, service.own_category_id, service.own_price)


class Told(NamedTuple):
    """What the vendor says of a service. `rate` is USD for one rate unit."""

    name: str
    category_id: int
    subcategory_id: int | None
    rate: Decimal

    @classmethod
    def of(cls, service: Service) -> "Told":
        """What the last sync wrote into the service's row."""
        if service.vendor_category_id is None:  # a row that no sync has seen
            return cls(service.vendor_name or service.name, service.category_id, service.subcategory_id, service.rate)
        return cls(service.vendor_name, service.vendor_category_id, service.vendor_subcategory_id, service.rate)


class Shape(NamedTuple):
    """What the row of a service should say: name, place, price and what a search reads."""

    name: str
    category_id: int
    subcategory_id: int | None
    price: Decimal
    search_text: str


def holds(
    *, told: Told, own: Own, service_id: int | None, rules: RuleBook[Rule], categories: Mapping[int, Category]
) -> Shape:
    """What the row should say. `categories` has all of them by id."""
    name = own.name or told.name
    category_id = own.category_id or told.category_id
    # The vendor's parts are parts of its own category.
    subcategory_id = told.subcategory_id if category_id == told.category_id else None
    rule = rules.rule_for(service_id=service_id, subcategory_id=subcategory_id, category_id=category_id)
    return Shape(
        name,
        category_id,
        subcategory_id,
        rules.price_of(told.rate, rule, own=own.price),
        search_text(name, own.name_zh, categories[category_id]),
    )


def search_text(name: str, name_zh: str, category: Category) -> str:
    """What a search reads of a service: its names and its category's, in both languages."""
    return fold(" ".join(filter(None, [name, name_zh, category.name, category.name_zh])))
