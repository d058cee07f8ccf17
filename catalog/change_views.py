"""What changed on the shelf: a page, and the same as an Atom feed."""

from typing import Any

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from catalog.changes import to_see
from catalog.models import Category, ShelfChange
from catalog.search import in_sight
from core.money import show

PAGE = 50
IN_FEED = 50


@require_GET
def changes(request: HttpRequest) -> HttpResponse:
    """Prices that became others, what came and what went, newest first; `before` walks back from a number."""
    category_id = _number(request.GET.get("category"))
    before = _number(request.GET.get("before"))
    categories = Category.objects.filter(hidden=False).filter(Exists(in_sight().filter(category=OuterRef("pk"))))
    found = to_see(category_id)
    rows = list((found.filter(pk__lt=before) if before else found)[: PAGE + 1])
    query = QueryDict(mutable=True)
    if category_id is not None:
        query["category"] = str(category_id)
    return render(
        request,
        "catalog/changes.html",
        {
            "rows": rows[:PAGE],
            "next_before": rows[PAGE - 1].pk if len(rows) > PAGE else None,
            "paged": before is not None,
            "categories": categories,
            "category_id": category_id,
            "query": query,
        },
    )


class ChangesFeed(Feed):
    """The newest changes, of all categories or of one; only our own prices."""

    feed_type = Atom1Feed
    author_name = settings.SHOP_NAME
    subtitle: str | Promise = gettext_lazy("New prices, new services, and what is no longer offered.")

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> int | None:
        return _number(request.GET.get("category"))

    def title(self, category_id: int | None) -> str:
        return _("Price changes and news: %(shop)s") % {"shop": settings.SHOP_NAME}

    def link(self, category_id: int | None) -> str:
        return reverse("catalog:changes") + (f"?category={category_id}" if category_id else "")

    def items(self, category_id: int | None) -> list[ShelfChange]:
        return list(to_see(category_id)[:IN_FEED])

    def item_title(self, item: ShelfChange) -> str:
        return f"{item.get_kind_display()}: {item.service.title}"

    def item_description(self, item: ShelfChange) -> str:
        if item.kind == ShelfChange.Kind.PRICE and item.old_price is not None and item.new_price is not None:
            return f"{show(item.old_price)} → {show(item.new_price)} / {item.service.unit:,}"
        return f"{item.category.title}"

    def item_link(self, item: ShelfChange) -> str:
        if item.kind == ShelfChange.Kind.GONE:
            return reverse("catalog:changes")
        return reverse("orders:service", args=[item.service_id])

    def item_guid(self, item: ShelfChange) -> str:
        return f"change-{item.pk}"

    item_guid_is_permalink = False

    def item_pubdate(self, item: ShelfChange) -> Any:
        return item.at

    def item_updateddate(self, item: ShelfChange) -> Any:
        return item.at


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None
