"""The catalogue, and what a customer does with a service beside ordering it: keep it, wait for it, see its stock."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRefresh, push_url, replace_url

from accounts.models import User
from accounts.signed_in import signed_in
from catalog import back_in_stock, favourites, live_stock, viewed
from catalog.models import Service
from catalog.search import SORTS, Wanted, in_sight
from catalog.shown import look
from core.htmx import page_behind

# So many of the services that were looked at last stand above the list.
LATELY = 4


@vary_on_headers("HX-Request")
def catalogue(request: HttpRequest) -> HttpResponse:
    """The shelf: tree, search, filters, sort. All of it lives in the address."""
    wanted = _wanted(request)
    shown = look(wanted, request.GET.get("page", ""))
    page = shown.page
    person = _person(request)
    first = not wanted.query and page.number == 1 and not request.htmx  # type: ignore[attr-defined]  # by its middleware
    response = render(
        request,
        "catalog/list.html",
        {
            "page": page,
            "shown": shown,
            "kept": favourites.kept(person, shown.pks) if person and page else set(),
            "viewed": viewed.services(viewed.ids(request)[:LATELY]) if first else [],
        },
    )
    query = wanted.query.copy()
    if page.number > 1:
        query["page"] = str(page.number)
    return _keep_address(request, response, query)


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
    person = _person(request)
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
        favourites_of=person.pk if person and given.get("favourites") else None,
        sort=sort if sort in SORTS else "name",
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None


def _person(request: HttpRequest) -> User | None:
    """Who is signed in, if anybody is."""
    return request.user if isinstance(request.user, User) else None


# ── One service ────────────────────────────────────────────────────────────────────────────────────
@signed_in
@require_POST
def favourite(request: HttpRequest, service_id: int) -> HttpResponse:
    """Keep a service at hand, or no longer."""
    service = _shown(service_id)
    kept = favourites.toggle(customer=_customer(request), service_id=service.pk)
    if request.htmx:  # type: ignore[attr-defined]  # by its middleware
        return render(request, "catalog/star.html", {"service": service, "kept": kept})
    return _back(request, service)


@signed_in
@require_POST
def wish(request: HttpRequest, service_id: int) -> HttpResponse:
    """Be told when a service is back in stock; with `forget` in the form, no longer."""
    service = _shown(service_id)
    if "forget" in request.POST:
        back_in_stock.forget(customer=_customer(request), service_id=service.pk)
        messages.success(request, gettext("You will not be told."))
        return redirect("orders:service", service.pk)
    try:
        back_in_stock.wish(customer=_customer(request), service_id=service.pk, now=timezone.now())
    except back_in_stock.CantWish as error:
        messages.error(request, str(error))
    else:
        messages.success(request, gettext("You will be told here as soon as it is back."))
    return redirect("orders:service", service.pk)


@signed_in
@never_cache
@require_GET
def stock(request: HttpRequest, service_id: int) -> HttpResponse:
    """How much there is now. A page that is open asks with the `since` it has, and gets 204 while nothing is new.

    A page that says “sold out” asks with `out`, and is loaded anew when that is over.
    """
    service = _shown(service_id)
    seen = live_stock.look(service, now=timezone.now())
    if request.GET.get("out") and service.in_stock:
        return HttpResponseClientRefresh()
    if seen.version == request.GET.get("since"):
        return HttpResponse(status=204)
    return render(request, "catalog/stock.html", {"service": service, "seen": seen})


def _shown(service_id: int) -> Service:
    """A service that customers may see, on sale or not."""
    return get_object_or_404(in_sight(), pk=service_id)


def _back(request: HttpRequest, service: Service) -> HttpResponse:
    """To the page whose form was sent, if it is one of ours."""
    page = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return redirect(page if ours else reverse("orders:service", args=[service.pk]))


def _customer(request: HttpRequest) -> User:
    person = _person(request)
    if person is None:  # whoever calls this has asked for a log-in first
        raise Http404
    return person
