"""The goods of an order: shown on purpose, copied, downloaded; each of these is noted."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.signed_in import signed_in
from core.addresses import client_address
from core.retention import kept_until
from core.sheets import csv_response, download
from orders.mine import customer_of, own_order
from orders.models import GoodsReveal, Order
from orders.note_reveal import note_reveal

# More goods than this are a file's business.
GOODS_ON_A_PAGE = 500


@signed_in
@never_cache
@require_POST
def reveal(request: HttpRequest, order_id: int) -> HttpResponse:
    """Show the delivered goods; asked for on purpose, so that nobody reads them over a shoulder."""
    order = own_order(request, order_id)
    if order.goods_removed_at is not None:
        return _page(request, order)
    items = list(order.items.select_related("replaces")[:GOODS_ON_A_PAGE])
    total = order.items.count() if len(items) == GOODS_ON_A_PAGE else len(items)
    if items:
        _note(request, order, GoodsReveal.Kind.SHOWN, total)
    return _page(
        request,
        order,
        items=items,
        total=total,
        more=total > len(items),
        all_text="\n".join(item.text for item in items),
    )


@signed_in
@require_POST
def copied(request: HttpRequest, order_id: int) -> HttpResponse:
    """Note that all the goods on the page were copied: the browser says so when it has done it."""
    order = own_order(request, order_id)
    if order.goods_removed_at is None and (count := order.items.count()):
        _note(request, order, GoodsReveal.Kind.COPIED, min(count, GOODS_ON_A_PAGE))
    return HttpResponse(status=204)


@signed_in
@require_GET
def items_file(request: HttpRequest, order_id: int, kind: str) -> HttpResponseBase:
    """The delivered goods as a file, one item a line; a page that says so once they were removed."""
    order = own_order(request, order_id)
    if order.goods_removed_at is not None:
        return _page(request, order, status=410)
    name = f"order-{order.pk}.{kind}"
    _note(request, order, GoodsReveal.Kind.CSV if kind == "csv" else GoodsReveal.Kind.TXT, order.items.count())
    items = order.items.iterator(chunk_size=500)
    if kind == "csv":
        return csv_response(name, [_("position"), _("item")], ([item.position, item.text] for item in items))
    return download(name, (f"{item.text}\n" for item in items), "text/plain; charset=utf-8")


def _page(request: HttpRequest, order: Order, *, status: int = 200, **context: object) -> HttpResponse:
    given = {"order": order, "items": [], "total": 0, "kept_until": kept_until(order.finished_at), **context}
    return render(request, "orders/items.html", given, status=status)


def _note(request: HttpRequest, order: Order, kind: GoodsReveal.Kind, count: int) -> None:
    note_reveal(
        order=order,
        actor=customer_of(request),
        kind=kind,
        address=client_address(request),
        count=count,
        now=timezone.now(),
    )
