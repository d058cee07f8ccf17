"""The front page and the catalogue."""

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from catalog.models import Category, Service, Subcategory
from catalog.search import SORTS, Wanted, find, on_shelf

PAGE = 50


def front(request: HttpRequest) -> HttpResponse:
    """What is sold here, and how it works."""
    return render(request, "catalog/front.html", {"categories": _categories(), "services": on_shelf().count()})


def catalogue(request: HttpRequest) -> HttpResponse:
    """The shelf: tree, search, filters, sort. All of it lives in the address."""
    wanted = _wanted(request)
    services = find(wanted).select_related("category", "subcategory")
    page = Paginator(services, PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "catalog/list.html",
        {
            "page": page,
            "wanted": wanted,
            "categories": _categories(),
            "subcategories": _subcategories(wanted.category_id),
            "entities": Service.Entity.choices,
            "sorts": list(SORTS),
        },
    )


def _wanted(request: HttpRequest) -> Wanted:
    given = request.GET
    entity = given.get("kind", "").upper()
    sort = given.get("sort", "")
    return Wanted(
        words=given.get("q", "").strip()[:200],
        category_id=_number(given.get("category")),
        subcategory_id=_number(given.get("subcategory")),
        entity=entity if entity in Service.Entity.values else "",
        in_stock=bool(given.get("in_stock")),
        auto_delivery=bool(given.get("auto")),
        refill=bool(given.get("refill")),
        cancel=bool(given.get("cancel")),
        sort=sort if sort in SORTS else "name",
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None


def _categories() -> list[Category]:
    """Categories that have something on the shelf, each with its `count`."""
    shelf = Q(services__state=Service.State.ON_SALE, services__hidden=False)
    counted = Category.objects.filter(hidden=False).annotate(count=Count("services", filter=shelf))
    return list(counted.filter(count__gt=0))


def _subcategories(category_id: int | None) -> list[Subcategory]:
    """The chosen category's subcategories that have something on the shelf, each with its `count`."""
    if category_id is None:
        return []
    shelf = Q(services__state=Service.State.ON_SALE, services__hidden=False)
    counted = Subcategory.objects.filter(category_id=category_id).annotate(count=Count("services", filter=shelf))
    return list(counted.filter(count__gt=0))
