"""The order form of a service, and the page of one order. Each view calls one act."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db.models import Exists
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.vary import vary_on_headers

from accounts.signed_in import signed_in
from accounts.terms_views import ask_first
from catalog import back_in_stock, favourites, live_stock, viewed
from catalog.models import Promotion, Service
from catalog.pricing import Quote
from catalog.terms import Terms, quote_for
from core.money import show
from core.once import once_key
from core.retention import kept_until
from orders import place, promotion, shown
from orders.forms import OrderForm
from orders.mine import customer_of, own_order
from orders.models import OrderEvent, PromotionUse
from orders.plans import begin
from wallet import ledger
from wallet.views import account_shown

# So many of the newest looks at the goods stand on the page.
REVEALS = 5


# ── The order form ─────────────────────────────────────────────────────────────────────────────────
def service(request: HttpRequest, service_id: int) -> HttpResponse:
    """A service with its order form; sending the form places the order."""
    services = Service.objects.select_related("category", "subcategory", "speed")
    services = services.annotate(codes=Exists(Promotion.objects.filter(active=True)))
    offered = get_object_or_404(services, pk=service_id)
    # Who has the form open reads why it is not sold any more.
    if offered.is_away and not (request.method == "POST" and offered.block_id and not offered.hidden):
        raise Http404
    terms = Terms.of(request.user)
    if request.method != "POST":
        page = _service_page(request, offered, OrderForm.fresh(offered, terms, **_typed(request.GET).dict()), terms)
        return viewed.note(request, page, offered.pk)
    if "reckon" in request.POST:  # the total, for who has no scripts
        return _service_page(request, offered, OrderForm.fresh(offered, terms, **_typed(request.POST).dict()), terms)
    if not request.user.is_authenticated:
        return redirect_to_login(f"{request.path}?{_typed(request.POST).urlencode()}")
    if "apply" in request.POST:
        return _service_page(request, offered, OrderForm.applying(request.POST, offered, terms), terms)
    if terms_first := ask_first(request, f"{request.path}?{_typed(request.POST).urlencode()}"):
        return terms_first
    form = OrderForm(request.POST, service=offered)
    if not form.is_valid():
        return _service_page(request, offered, form, terms, status=422)
    try:
        return _begin_plan(request, offered, form) if form.is_planned else _place_order(request, offered, form)
    except place.CantPlace as error:
        offered.refresh_from_db()
        terms = Terms.of(customer_of(request))
        for field, sentence in error.errors.items():
            form.add_error(field if field in form.fields else None, sentence)
        if isinstance(error, place.PriceChanged):
            form.offer_anew(offered, terms)
        return _service_page(request, offered, form, terms, status=422)
    except ledger.InsufficientFunds as error:
        return _service_page(request, offered, form, terms, short=str(error), status=422)


def _place_order(request: HttpRequest, offered: Service, form: OrderForm) -> HttpResponse:
    now = timezone.now()
    promo = form.cleaned_data["promo"]
    order = place.order(**_wish(request, offered, form, *([promo] if promo else [])), promo=promo, now=now)
    if order.placed_at == now:
        said = _("Order %(number)s is placed. %(amount)s of your balance is set aside for it.")
    else:
        said = _("This was placed before, as order %(number)s. Nothing was ordered or set aside again.")
    messages.success(request, said % {"number": order.pk, "amount": show(order.charge)})
    return redirect("orders:detail", order.pk)


def _begin_plan(request: HttpRequest, offered: Service, form: OrderForm) -> HttpResponse:
    now = timezone.now()
    given = form.cleaned_data
    if given["promo"]:
        raise place.CantPlace(promo=begin.no_promotion())
    plan = begin.plan(
        **_wish(request, offered, form, given["runs"], given["interval"], given["start_at"]),
        runs=given["runs"] or 1,
        interval=given["interval"] or 0,
        start_at=given["start_at"],
        now=now,
    )
    if plan.made_at == now:
        said = _("Plan %(number)s is made. %(amount)s of your balance is set aside for all of its runs.")
    else:
        said = _("This was ordered before, as plan %(number)s. Nothing was ordered or set aside again.")
    messages.success(request, said % {"number": plan.pk, "amount": show(plan.total)})
    return redirect("orders:plan", plan.pk)


def _wish(request: HttpRequest, offered: Service, form: OrderForm, *more: object) -> dict[str, Any]:
    """What the form asks for; `more` of it tells a resend of the same form from another wish."""
    given = form.cleaned_data
    quantity, link = given["quantity"], given.get("link", "")
    return {
        "customer": customer_of(request),
        "service_id": offered.pk,
        "quantity": quantity,
        "link": link,
        "shown_price": form.shown_for(quantity),
        "shown_unit": given["shown_unit"],
        "form_key": once_key(given["form_key"], offered.pk, quantity, link, *more),
    }


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
    on_sale = offered.state == Service.State.ON_SALE and offered.block_id is None
    balance, own = None, {}
    if request.user.is_authenticated:
        customer = customer_of(request)
        balance = account_shown(request).available
        own = {
            "kept": bool(favourites.kept(customer, [offered.pk])),
            "waits": not offered.in_stock and back_in_stock.waits(customer, offered.pk),
        }
    offer = _offer(request, offered, form, terms)
    charge = offer.charge * _runs(form) if offer else None
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
            "with_promo": getattr(offered, "codes", False) or bool(form["promo"].value()),
            "balance": balance,
            "after": balance - charge if balance is not None and charge is not None else None,
            "zone_name": timezone.get_current_timezone_name(),
            "seen": live_stock.known(offered),
            "typed": _typed(request.GET).urlencode(),
            **own,
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
        return promotion.look(
            code=promo, customer=customer_of(request), service=offered, offer=offer, now=timezone.now()
        )
    except promotion.CantUse as error:
        if form.is_bound:
            form.add_error("promo", str(error))
        return offer


def _runs(form: OrderForm) -> int:
    """How many orders the form asks for, before any script counts."""
    text = str(form["runs"].value() or "").strip() if "runs" in form.fields else ""
    return max(int(text), 1) if text.isascii() and text.isdigit() and len(text) <= 6 else 1


# ── One order ──────────────────────────────────────────────────────────────────────────────────────
@signed_in
@never_cache
@vary_on_headers("HX-Request")
def detail(request: HttpRequest, order_id: int) -> HttpResponse:
    """One order. A page that is open asks again with the `since` it has, and gets 204 while nothing is new."""
    order = own_order(request, order_id)
    row = shown.look(order, now=timezone.now())
    htmx: Any = request.htmx  # type: ignore[attr-defined]  # by its middleware
    if htmx and request.GET.get("since") == row.version:
        return HttpResponse(status=204)
    return render(
        request,
        "orders/detail.html",
        {
            "order": order,
            "row": row,
            "events": order.events.exclude(kind__in=OrderEvent.FOR_OPERATORS),
            "items": order.items.count() if order.is_product else 0,
            "shown": _shown(request),
            "kept_until": kept_until(order.finished_at),
            "kept_days": settings.GOODS_KEPT_DAYS,
            "reveals": order.reveals.select_related("actor")[:REVEALS] if order.is_product else [],
            "promotion": PromotionUse.objects.filter(order=order).select_related("promotion").first(),
        },
    )


@signed_in
def again(request: HttpRequest, order_id: int) -> HttpResponse:
    """The order form of the same service, filled in as this order was; nothing is ordered by it."""
    order = own_order(request, order_id)
    query = shown.look(order, now=timezone.now()).again
    if not query:
        messages.error(request, _("This service is no longer offered."))
        return redirect("catalog:list")
    return redirect(f"{reverse('orders:service', args=[order.service_id])}?{query}")


def _shown(request: HttpRequest) -> int:
    """How many goods had arrived when the page that asks again let them be shown; zero for those that hide them."""
    text = request.GET.get("shown", "")
    htmx: Any = request.htmx  # type: ignore[attr-defined]  # by its middleware
    return int(text) if htmx and text.isascii() and text.isdigit() and len(text) < 16 else 0
