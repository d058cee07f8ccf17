"""A customer's orders: the order form, the list, one order, its goods. Each view calls one act."""

import hashlib
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import replace_url

from accounts.models import User
from accounts.signed_in import signed_in
from catalog.freshness import copied_at
from catalog.models import Promotion, Service
from catalog.pricing import Quote
from catalog.search import fold
from catalog.terms import Terms, quote_for
from core.money import plain, show
from core.once import once_key
from core.sheets import csv_response, download
from orders import place, promotion, shown, states
from orders.forms import OrderForm
from orders.models import Order, OrderEvent, PromotionUse
from wallet import ledger

PAGE = 30
# More goods than this are a file's business.
GOODS_ON_A_PAGE = 500


# ── The order form ─────────────────────────────────────────────────────────────────────────────────
def service(request: HttpRequest, service_id: int) -> HttpResponse:
    """A service with its order form; sending the form places the order."""
    offered = get_object_or_404(Service.objects.select_related("category", "subcategory"), pk=service_id)
    if offered.hidden or offered.category.hidden:
        raise Http404
    terms = Terms.of(request.user)
    if request.method != "POST":
        return _service_page(request, offered, OrderForm.fresh(offered, terms, **_typed(request.GET).dict()), terms)
    if not request.user.is_authenticated:
        return redirect_to_login(f"{request.path}?{_typed(request.POST).urlencode()}")
    if "apply" in request.POST:
        return _service_page(request, offered, OrderForm.applying(request.POST, offered, terms), terms)
    form = OrderForm(request.POST, service=offered)
    if not form.is_valid():
        return _service_page(request, offered, form, terms, status=422)
    now = timezone.now()
    quantity, link = form.cleaned_data["quantity"], form.cleaned_data.get("link", "")
    promo = form.cleaned_data["promo"]
    try:
        order = place.order(
            customer=_customer(request),
            service_id=offered.pk,
            quantity=quantity,
            link=link,
            shown_price=form.shown_for(quantity),
            shown_unit=form.cleaned_data["shown_unit"],
            promo=promo,
            form_key=once_key(form.cleaned_data["form_key"], offered.pk, quantity, link, *([promo] if promo else [])),
            now=now,
        )
    except place.CantPlace as error:
        offered.refresh_from_db()
        terms = Terms.of(_customer(request))
        for field, sentence in error.errors.items():
            form.add_error(field if field in form.fields else None, sentence)
        if isinstance(error, place.PriceChanged):
            form.offer_anew(offered, terms)
        return _service_page(request, offered, form, terms, status=422)
    except ledger.InsufficientFunds as error:
        return _service_page(request, offered, form, terms, short=str(error), status=422)
    if order.placed_at == now:
        said = _("Order %(number)s is placed. %(amount)s of your balance is set aside for it.")
    else:
        said = _("This was placed before, as order %(number)s. Nothing was ordered or set aside again.")
    messages.success(request, said % {"number": order.pk, "amount": show(order.charge)})
    return redirect("orders:detail", order.pk)


def _typed(given: QueryDict) -> QueryDict:
    """What somebody entered, or wants to order again, without what only a form of ours can mean."""
    kept = QueryDict(mutable=True)
    for name in ("link", "quantity", "promo"):
        if text := given.get(name, "").strip()[: place.LONGEST_LINK]:
            kept[name] = text
    return kept


def _service_page(
    request: HttpRequest, offered: Service, form: OrderForm, terms: Terms, *, short: str = "", status: int = 200
) -> HttpResponse:
    on_sale = offered.state == Service.State.ON_SALE
    balance = ledger.account_of(_customer(request)).available if request.user.is_authenticated else None
    offer = _offer(request, offered, form, terms)
    charge = offer.charge if offer else None
    if form.is_bound and form.errors:
        status = 422
    return render(
        request,
        "orders/service.html",
        {
            "service": offered,
            "form": form,
            "short": short,
            "on_sale": on_sale,
            "orderable": on_sale and (offered.in_stock or form.is_bound),
            "offer": offer,
            "charge": charge,
            "price": terms.price(offered),
            "prices": terms.prices_from(offered),
            "with_promo": Promotion.objects.filter(active=True).exists() or bool(form["promo"].value()),
            "balance": balance,
            "after": balance - charge if balance is not None and charge is not None else None,
            "copied_at": copied_at(),
            "typed": _typed(request.GET).urlencode(),
        },
        status=status,
    )


def _offer(request: HttpRequest, offered: Service, form: OrderForm, terms: Terms) -> Quote | None:
    """The offer for what is in the form, before any script counts; None where there is no quantity.

    What is wrong with a promotion code stands beside it.
    """
    text = str(form["quantity"].value() or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        return None
    offer = quote_for(offered, int(text), terms)
    promo = str(form["promo"].value() or "").strip()
    if not promo or not request.user.is_authenticated or (form.is_bound and form.has_error("promo")):
        return offer
    try:
        return promotion.look(code=promo, customer=_customer(request), service=offered, offer=offer, now=timezone.now())
    except promotion.CantUse as error:
        if form.is_bound:
            form.add_error("promo", str(error))
        return offer


# ── The list ───────────────────────────────────────────────────────────────────────────────────────
@signed_in
@never_cache
@vary_on_headers("HX-Request")
def order_list(request: HttpRequest) -> HttpResponse:
    """The customer's orders, newest first; `before` walks back from an order's number.

    A page with an open order asks again with the `since` it has, and gets 204 while nothing is new.
    """
    group, words = _wanted(request)
    orders = _found(shown.of_customer(_customer(request)), group, words)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        orders = orders.filter(pk__lt=int(before))
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
    query.update({name: value for name, value in [("status", group), ("q", words)] if value})
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
            "group": group,
            "groups": [(name, label) for name, (label, _states) in states.GROUPS.items()],
            "words": words,
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
    orders = _found(shown.of_customer(_customer(request)), *_wanted(request))
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


def _wanted(request: HttpRequest) -> tuple[str, str]:
    """The group of states and the words that are asked for; empty ones don't filter."""
    group = request.GET.get("status", "")
    # PostgreSQL has no text with a NUL in it.
    words = request.GET.get("q", "").replace("\0", "").strip()[:200]
    return group if group in states.GROUPS else "", words


def _found(orders: QuerySet[Order], group: str, words: str) -> QuerySet[Order]:
    """Filtered by a group of states, and by words: each in the service's name or the link, or the number itself."""
    if group:
        orders = orders.filter(state__in=states.GROUPS[group][1])
    for word in words.split()[:8]:
        fits = Q(service_name__icontains=word) | Q(link__icontains=fold(word)) | Q(link__icontains=word)
        number = word.lstrip("#")
        if number.isascii() and number.isdigit() and len(number) < 19:
            fits |= Q(pk=int(number))
        orders = orders.filter(fits)
    return orders


# ── One order ──────────────────────────────────────────────────────────────────────────────────────
@signed_in
@never_cache
@vary_on_headers("HX-Request")
def detail(request: HttpRequest, order_id: int) -> HttpResponse:
    """One order. A page that is open asks again with the `since` it has, and gets 204 while nothing is new."""
    order = _one(request, order_id)
    row = shown.look(order, now=timezone.now())
    htmx: Any = request.htmx  # type: ignore[attr-defined]  # by its middleware
    if htmx and request.GET.get("since") == row.version:
        return HttpResponse(status=204)
    again = QueryDict(mutable=True)
    again.update({"quantity": str(order.quantity)} | ({"link": order.link} if order.link else {}))
    offered = order.service
    return render(
        request,
        "orders/detail.html",
        {
            "order": order,
            "row": row,
            "events": order.events.exclude(kind__in=OrderEvent.FOR_OPERATORS),
            "items": order.items.count() if order.is_product else 0,
            "shown": _shown(request),
            "again": again.urlencode(),
            "promotion": PromotionUse.objects.filter(order=order).select_related("promotion").first(),
            "offered": offered.state == Service.State.ON_SALE and not (offered.hidden or offered.category.hidden),
        },
    )


@signed_in
@never_cache
@require_POST
def reveal(request: HttpRequest, order_id: int) -> HttpResponse:
    """Show the delivered goods; asked for on purpose, so that nobody reads them over a shoulder."""
    order = _one(request, order_id)
    items = list(order.items.all()[:GOODS_ON_A_PAGE])
    total = order.items.count() if len(items) == GOODS_ON_A_PAGE else len(items)
    return render(
        request,
        "orders/items.html",
        {
            "order": order,
            "items": items,
            "total": total,
            "more": total > len(items),
            "all_text": "\n".join(item.text for item in items),
        },
    )


def _shown(request: HttpRequest) -> int:
    """How many goods had arrived when the page that asks again let them be shown; zero for those that hide them."""
    text = request.GET.get("shown", "")
    htmx: Any = request.htmx  # type: ignore[attr-defined]  # by its middleware
    return int(text) if htmx and text.isascii() and text.isdigit() and len(text) < 16 else 0


@signed_in
@require_GET
def items_file(request: HttpRequest, order_id: int, kind: str) -> HttpResponseBase:
    """The delivered goods as a file, one item a line."""
    order = _one(request, order_id)
    name = f"order-{order.pk}.{kind}"
    items = order.items.iterator(chunk_size=500)
    if kind == "csv":
        return csv_response(name, [_("position"), _("item")], ([item.position, item.text] for item in items))
    return download(name, (f"{item.text}\n" for item in items), "text/plain; charset=utf-8")


def _one(request: HttpRequest, order_id: int) -> Order:
    """An order of the customer's own: another's does not exist for them."""
    own = shown.of_customer(_customer(request)).select_related("hold", "service__category")
    return get_object_or_404(own, pk=order_id)


def _customer(request: HttpRequest) -> User:
    user: Any = request.user  # a User: every view here asks for a log-in first
    return user
