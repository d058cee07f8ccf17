"""The categories of the shelf and their parts, with how many services each has."""

from typing import Any

from django.db.models import Count

from catalog.models import Category, Subcategory
from catalog.search import shelf

_SHELF = shelf("services__")


def categories() -> list[Any]:
    """Categories that have something on the shelf, each with its `count`."""
    counted = Category.objects.filter(hidden=False).annotate(count=Count("services", filter=_SHELF))
    return list(counted.filter(count__gt=0))


def subcategories(category_id: int | None) -> list[Any]:
    """The category's subcategories that have something on the shelf, each with its `count`."""
    if category_id is None:
        return []
    counted = Subcategory.objects.filter(category_id=category_id).annotate(count=Count("services", filter=_SHELF))
    return list(counted.filter(count__gt=0))
