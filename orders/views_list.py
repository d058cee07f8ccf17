"""The list of a customer's orders, as a page that keeps itself up to date and as a file."""

import hashlib
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import replace_url

from accounts.signed_in import signed_in
from core.money import plain
from core.sheets import csv_response
from orders import find, shown, states
from orders.mine import customer_of
from orders.models import Order

PAGE = 30


@signed_in
@never_cache
@vary_on_headers("HX-Request")
def order_list(request: HttpRequest) -> HttpResponse:
    """The customer's orders, in the wanted order; `before` is the order that the page before ended with.

    A page with an open order asks again with the `since` it has, and gets 204 while nothing is new.
    """
    wanted = find.wanted(request.GET)
    orders = find.found(shown.of_customer(customer_of(request)), wanted)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        orders = find.following(orders, wanted.sort, int(before), customer=customer_of(request))
    else:
        before = ""
    now = timezone.now()
    rows = [shown.look(order, now=now) for order in orders[: PAGE + 1]]
    version = _digest(rows)
    htmx: Any = request.htmx  # type: ignore[attr-defined]  # by its middleware
    since = request.GET.get("since", "")
    if htmx and since == version:
        return HttpResponse(status=204)
    query = QueryDict(mutable=True)
    asked = [("status", wanted.group), ("q", wanted.words), ("sort", wanted.sort)]
    query.update({name: value for name, value in asked if value})
    page_query = query.copy()
    if before:
        page_query["before"] = before
    response = render(
        request,
        "orders/list.html",
        {
            "rows": rows[:PAGE],
            "next_before": rows[PAGE - 1].order.pk if len(rows) > PAGE else None,
            "paged": bool(before),
            "group": wanted.group,
            "groups": [(name, label) for name, (label, _states) in states.GROUPS.items()],
            "words": wanted.words,
            "sort": wanted.sort,
            "sorts": find.SORT_NAMES.items(),
            "query": query,
            "page_query": page_query,
            "version": version,
            "live": any(row.order.is_open for row in rows[:PAGE]),
        },
    )
    if htmx and not since:
        return replace_url(response, f"{request.path}?{page_query.urlencode()}" if page_query else request.path)
    return response


def _digest(rows: list[shown.Shown]) -> str:
    seen = "|".join(f"{row.order.pk}:{row.version}" for row in rows)
    return hashlib.blake2s(seen.encode(), digest_size=12).hexdigest()


@signed_in
def orders_csv(request: HttpRequest) -> HttpResponseBase:
    """The found orders as CSV, without their goods."""
    orders = find.found(shown.of_customer(customer_of(request)), find.wanted(request.GET))
    header = [
        _("number"),
        _("placed (UTC)"),
        _("service"),
        _("link"),
        _("quantity"),
        _("delivered"),
        _("status"),
        _("set aside"),
        _("paid"),
    ]
    return csv_response("orders.csv", header, _rows(orders))


def _rows(orders: QuerySet[Order]) -> Iterator[list[object]]:
    now = timezone.now()
    for order in orders.iterator(chunk_size=1000):
        row = shown.look(order, now=now)
        yield [
            order.pk,
            order.placed_at.strftime("%Y-%m-%d %H:%M:%S"),
            order.service_name,
            order.link,
            order.quantity,
            order.delivered,
            row.label,
            plain(order.charge),
            plain(row.paid),
        ]
