"""A customer's orders: the order form, the list, one order, its goods. Each view calls one act."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from catalog.models import Service
from catalog.search import fold
from core.money import show
from core.sheets import csv_response, download
from orders import place, states
from orders.forms import OrderForm
from orders.models import Order, OrderEvent
from wallet import ledger

PAGE = 30


def service(request: HttpRequest, service_id: int) -> HttpResponse:
    """A service with its order form; sending the form places the order."""
    shown = get_object_or_404(Service.objects.select_related("category", "subcategory"), pk=service_id)
    if shown.hidden or shown.category.hidden:
        raise Http404
    if request.method != "POST":
        form = OrderForm.fresh(shown, link=request.GET.get("link"), quantity=request.GET.get("quantity"))
        return _service_page(request, shown, form)
    if not request.user.is_authenticated:
        return redirect(f"/accounts/login/?next={request.path}")
    form = OrderForm(request.POST, service=shown)
    if not form.is_valid():
        return _service_page(request, shown, form, status=422)
    try:
        order = place.order(
            customer=_customer(request),
            service_id=shown.pk,
            quantity=form.cleaned_data["quantity"],
            link=form.cleaned_data.get("link", ""),
            shown_price=form.cleaned_data["shown_price"],
            form_key=form.cleaned_data["form_key"],
            now=timezone.now(),
        )
    except place.CantPlace as error:
        for field, sentence in error.errors.items():
            form.add_error(field if field in form.fields else None, sentence)
        if isinstance(error, place.PriceChanged):
            shown.refresh_from_db()
            form.offer_anew(shown)
        return _service_page(request, shown, form, status=422)
    except ledger.InsufficientFunds as error:
        form.add_error(None, str(error))
        return _service_page(request, shown, form, status=422)
    messages.success(
        request,
        _("Order %(number)s is placed. %(amount)s of your balance is set aside for it.")
        % {"number": order.pk, "amount": show(order.charge)},
    )
    return redirect("orders:detail", order.pk)


def _service_page(request: HttpRequest, shown: Service, form: OrderForm, status: int = 200) -> HttpResponse:
    on_sale = shown.state == Service.State.ON_SALE
    return render(request, "orders/service.html", {"service": shown, "form": form, "on_sale": on_sale}, status=status)


@login_required
@never_cache
def order_list(request: HttpRequest) -> HttpResponse:
    """The customer's orders, newest first; `before` walks back from an order's number."""
    group = request.GET.get("status", "")
    words = request.GET.get("q", "").strip()[:200]
    orders = _found(_own(request), group, words)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        orders = orders.filter(pk__lt=int(before))
    rows = list(orders.select_related("hold")[: PAGE + 1])
    return render(
        request,
        "orders/list.html",
        {
            "orders": rows[:PAGE],
            "next_before": rows[PAGE - 1].pk if len(rows) > PAGE else None,
            "paged": bool(before),
            "group": group if group in states.GROUPS else "",
            "groups": [(name, label) for name, (label, _states) in states.GROUPS.items()],
            "words": words,
            "live": any(order.is_open for order in rows[:PAGE]),
        },
    )


@login_required
def orders_csv(request: HttpRequest) -> HttpResponseBase:
    """The found orders as CSV, without their goods."""
    orders = _found(_own(request), request.GET.get("status", ""), request.GET.get("q", "").strip()[:200])
    header = ["number", "placed (UTC)", "service", "link", "quantity", "delivered", "status", "set aside", "paid"]
    return csv_response("orders.csv", header, _rows(orders.select_related("hold")))


def _rows(orders: QuerySet[Order]) -> Iterator[list[object]]:
    for order in orders.iterator(chunk_size=1000):
        yield [
            order.pk,
            order.placed_at.strftime("%Y-%m-%d %H:%M:%S"),
            order.service_name,
            order.link,
            order.quantity,
            order.delivered,
            states.FOR_CUSTOMERS[order.state],
            order.charge,
            order.hold.captured - order.hold.refunded,
        ]


@login_required
@never_cache
def detail(request: HttpRequest, order_id: int) -> HttpResponse:
    """One order. A page that is open asks again with the `since` it has, and gets 204 while nothing is new."""
    order = _one(request, order_id)
    since = request.GET.get("since", "")
    if since and since == _version(order):
        return HttpResponse(status=204)
    return render(
        request,
        "orders/detail.html",
        {
            "order": order,
            "version": _version(order),
            "status": states.FOR_CUSTOMERS[order.state],
            "events": order.events.exclude(kind__in=OrderEvent.FOR_OPERATORS),
            "paid": order.hold.captured - order.hold.refunded,
            "returned": order.charge - order.hold.captured + order.hold.refunded,
            "items": order.items.count() if order.is_product else 0,
        },
    )


@login_required
@never_cache
@require_POST
def reveal(request: HttpRequest, order_id: int) -> HttpResponse:
    """Show the delivered goods; asked for on purpose, so that nobody reads them over a shoulder."""
    order = _one(request, order_id)
    return render(request, "orders/items.html", {"order": order, "items": order.items.all()})


@login_required
@require_GET
def items_file(request: HttpRequest, order_id: int, kind: str) -> HttpResponseBase:
    """The delivered goods as a file, one item a line."""
    order = _one(request, order_id)
    name = f"order-{order.pk}.{kind}"
    items = order.items.iterator(chunk_size=500)
    if kind == "csv":
        return csv_response(name, ["position", "item"], ([item.position, item.text] for item in items))
    return download(name, (f"{item.text}\n" for item in items), "text/plain; charset=utf-8")


def _found(orders: QuerySet[Order], group: str, words: str) -> QuerySet[Order]:
    """Filtered by a group of states, and by words: each in the service's name or the link, or the number itself."""
    if group in states.GROUPS:
        orders = orders.filter(state__in=states.GROUPS[group][1])
    for word in words.split()[:8]:
        fits = Q(service_name__icontains=word) | Q(link__icontains=fold(word)) | Q(link__icontains=word)
        number = word.lstrip("#")
        if number.isascii() and number.isdigit() and len(number) < 19:
            fits |= Q(pk=int(number))
        orders = orders.filter(fits)
    return orders


def _own(request: HttpRequest) -> QuerySet[Order]:
    return Order.objects.filter(customer=_customer(request)).order_by("-pk")


def _one(request: HttpRequest, order_id: int) -> Order:
    """An order of the customer's own: another's does not exist for them."""
    return get_object_or_404(_own(request).select_related("hold", "service"), pk=order_id)


def _version(order: Order) -> str:
    changed: datetime = order.changed_at
    return f"{order.state}-{changed.timestamp():.6f}"


def _customer(request: HttpRequest) -> User:
    user: Any = request.user  # a User: every view here asks for a log-in first
    return user
