"""A service as a row of the catalogue's list, drawn once for as long as nothing in it changes.

Rendering fifty rows took two thirds of the page. A row is a function of its `Facts` and the language and of nothing
else, since its template sees nothing else, so what was drawn is never out of date.
"""

from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from django.template.loader import get_template
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from catalog.models import Service

# About 2 kB each: the rows of a hundred pages, fewer where many customers have stars and prices of their own.
KEPT = 5_000


class Facts(NamedTuple):
    """All that a row shows. `price` is USD for `unit` pieces, `about` the same in the second currency, drawn;
    `category` is empty where the list is of one; `done` in seconds; `kept` None where nobody is logged in."""

    pk: int
    title: str
    category: str
    auto_delivery: bool
    refill: bool
    cancel: bool
    done: int | None
    price: Decimal
    about: SafeString
    unit: int
    min: int
    max: int
    in_stock: bool
    stock: int | None
    kept: bool | None


def row(service: Service, *, price: Decimal, about: SafeString, with_category: bool, kept: bool | None) -> SafeString:
    """The row of a service, its `category` and `speed` at hand; `kept` as in `Facts`."""
    return _drawn(
        get_language(),
        Facts(
            pk=service.pk,
            title=service.title,
            category=service.category.title if with_category else "",
            auto_delivery=service.auto_delivery,
            refill=service.refill,
            cancel=service.cancel,
            done=getattr(getattr(service, "speed", None), "done_median", None),
            price=price,
            about=about,
            unit=service.unit,
            min=service.min,
            max=service.max,
            in_stock=service.in_stock,
            stock=service.stock,
            kept=kept,
        ),
    )


@lru_cache(maxsize=KEPT)
def _drawn(language: str | None, facts: Facts) -> SafeString:
    template = get_template("catalog/row.html")
    drawn: SafeString = template.render({"service": facts, "kept": facts.kept})  # type: ignore[assignment]
    return drawn
