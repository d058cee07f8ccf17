"""What is on sale, as rows for programs: both dialects tell the same facts in their own shapes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet

from catalog import search
from catalog.models import Category, Service, Subcategory
from catalog.search import on_shelf
from catalog.terms import Terms

_FIELDS = (
    *("pk", "name", "type", "category__name", "price", "unit", "min", "max", "refill", "cancel", "stock", "entity"),
    *("auto_delivery", "rate", "category_id", "subcategory_id"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A service on sale. `price` is USD for `unit` pieces, as the caller pays it; `rate` is our cost and never told."""

    pk: int
    name: str
    type: str
    category: str
    price: Decimal
    unit: int
    min: int
    max: int
    refill: bool
    cancel: bool
    stock: int | None
    entity: str
    auto_delivery: bool
    rate: Decimal
    category_id: int
    subcategory_id: int | None

    @property
    def kind(self) -> str:
        """`smm` or `product`."""
        return kind(self.entity)

    @property
    def left(self) -> int:
        """How many can be had; where the vendor does not count, as many as one order takes."""
        return self.max if self.stock is None else self.stock


def kind(entity: str) -> str:
    """`smm` or `product`, as the dialect has it."""
    return "product" if entity == Service.Entity.PRODUCT else "smm"


def wanted(*, category: str = "", subcategory: str = "") -> QuerySet[Service]:
    """Services on sale in a category or a subcategory by name, in an order that does not change between pages."""
    services = on_shelf()
    if category:
        services = services.filter(category__name=category)
    if subcategory:
        services = services.filter(subcategory__name=subcategory)
    return services.order_by("pk")


def rows(services: QuerySet[Service], terms: Terms) -> Iterator[Row]:
    """The services as rows, in one query, and one more for a customer with prices of their own."""
    for values in services.values_list(*_FIELDS):
        row = Row(*values)
        yield row if terms.are_general else replace(row, price=terms.price(row))


def one(service_id: int | None) -> Row | None:
    """The service with this id, if it is on sale, at the general price."""
    return None if service_id is None else next(rows(on_shelf().filter(pk=service_id), Terms()), None)


def categories() -> list[dict[str, Any]]:
    """Categories that have something on sale, each with the names of such subcategories. Two queries."""
    shelf = search.shelf("services__")
    parts: dict[int, list[str]] = {}
    sold = Subcategory.objects.annotate(number=Count("services", filter=shelf)).filter(number__gt=0)
    for category_id, name in sold.values_list("category_id", "name"):
        parts.setdefault(category_id, []).append(name)
    shown = Category.objects.filter(hidden=False).annotate(number=Count("services", filter=shelf)).filter(number__gt=0)
    return [{"category": name, "subcategories": parts.get(pk, [])} for pk, name in shown.values_list("pk", "name")]
