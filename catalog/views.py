"""The front page and the catalogue."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import push_url, replace_url

from catalog.models import Category, Service, Subcategory
from catalog.search import Wanted, find, on_shelf
from catalog.terms import Terms
from core.htmx import page_behind

PAGE = 50
NEWEST = 6
SORTS = [
    ("name", _("Sort by name")),
    ("price", _("Lowest price first")),
    ("-price", _("Highest price first")),
    ("new", _("Newest first")),
]


def front(request: HttpRequest) -> HttpResponse:
    """What is sold here, and how it works."""
    categories = _categories()
    return render(
        request,
        "catalog/front.html",
        {
            "categories": categories,
            "total": sum(category.count for category in categories),
            "terms": Terms.of(request.user),
            "newest": on_shelf().select_related("category").order_by("-pk")[:NEWEST],
        },
    )


@vary_on_headers("HX-Request")
def catalogue(request: HttpRequest) -> HttpResponse:
    """The shelf: tree, search, filters, sort. All of it lives in the address."""
    wanted = _wanted(request)
    categories = _categories()
    subcategories = _subcategories(wanted.category_id)
    category = next((each for each in categories if each.pk == wanted.category_id), None)
    subcategory = next((each for each in subcategories if each.pk == wanted.subcategory_id), None)
    query = _query(wanted)
    narrowed = bool(set(query) - {"category", "subcategory", "sort"})
    shelf = _Shelf(find(wanted).select_related("category"), PAGE)
    if not narrowed:
        # The tree has counted it already.
        shelf.known = _counted(wanted, categories, category, subcategory)
    page = shelf.get_page(request.GET.get("page"))
    response = render(
        request,
        "catalog/list.html",
        {
            "page": page,
            "terms": Terms.of(request.user),
            "wanted": wanted,
            "query": query,
            "narrowed": narrowed,
            "categories": categories,
            "category": category,
            "subcategories": subcategories,
            "subcategory": subcategory,
            "total": sum(each.count for each in categories),
            "kinds": [(value.lower(), label) for value, label in Service.Entity.choices],
            "sorts": SORTS,
        },
    )
    if page.number > 1:
        query["page"] = str(page.number)
    return _keep_address(request, response, query)


class _Shelf(Paginator):
    """Pages of services; a count that is known is not asked for again."""

    known: int | None = None

    @cached_property
    def count(self) -> int:
        return super().count if self.known is None else self.known


def _counted(wanted: Wanted, categories: list[Any], category: Any, subcategory: Any) -> int | None:
    """How many services an unfiltered part of the tree has; None for a part that is not in it."""
    if wanted.category_id is not None and category is None:
        return 0
    if wanted.subcategory_id is not None:
        return subcategory.count if subcategory else None
    if category is not None:
        return int(category.count)
    return sum(each.count for each in categories)


def _keep_address(request: HttpRequest, response: HttpResponse, query: QueryDict) -> HttpResponse:
    """Put what is shown into the browser's address; while somebody types, without a step of history a letter."""
    if not request.htmx:  # type: ignore[attr-defined]  # by its middleware
        return response
    address = f"{request.path}?{query.urlencode()}" if query else request.path
    before = QueryDict((page_behind(request) or "").partition("?")[2])
    typing = bool(before.get("q") and query.get("q") and before["q"] != query["q"])
    return replace_url(response, address) if typing else push_url(response, address)


def _wanted(request: HttpRequest) -> Wanted:
    given = request.GET
    entity = given.get("kind", "").upper()
    sort = given.get("sort", "")
    return Wanted(
        # PostgreSQL has no text with a NUL in it.
        words=given.get("q", "").replace("\0", "").strip()[:200],
        category_id=_number(given.get("category")),
        subcategory_id=_number(given.get("subcategory")),
        entity=entity if entity in Service.Entity.values else "",
        in_stock=bool(given.get("in_stock")),
        auto_delivery=bool(given.get("auto")),
        refill=bool(given.get("refill")),
        cancel=bool(given.get("cancel")),
        sort=sort if sort in dict(SORTS) else "name",
    )


def _query(wanted: Wanted) -> QueryDict:
    """The shortest address query for what is wanted."""
    query = QueryDict(mutable=True)
    texts = {
        "q": wanted.words,
        "category": wanted.category_id,
        "subcategory": wanted.subcategory_id,
        "kind": wanted.entity.lower(),
        "in_stock": wanted.in_stock,
        "auto": wanted.auto_delivery,
        "refill": wanted.refill,
        "cancel": wanted.cancel,
        "sort": wanted.sort if wanted.sort != "name" else "",
    }
    for name, value in texts.items():
        if value:
            query[name] = "1" if value is True else str(value)
    return query


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None


def _categories() -> list[Any]:
    """Categories that have something on the shelf, each with its `count`."""
    shelf = Q(services__state=Service.State.ON_SALE, services__hidden=False)
    counted = Category.objects.filter(hidden=False).annotate(count=Count("services", filter=shelf))
    return list(counted.filter(count__gt=0))


def _subcategories(category_id: int | None) -> list[Any]:
    """The chosen category's subcategories that have something on the shelf, each with its `count`."""
    if category_id is None:
        return []
    shelf = Q(services__state=Service.State.ON_SALE, services__hidden=False)
    counted = Subcategory.objects.filter(category_id=category_id).annotate(count=Count("services", filter=shelf))
    return list(counted.filter(count__gt=0))
