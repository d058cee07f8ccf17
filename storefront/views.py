"""The front page, the search over all rooms, and the switch of the second currency."""

from typing import Any

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

import orders.search
import sms.buy
from accounts.models import User
from catalog import favourites, tree, viewed
from catalog.models import Service
from catalog.search import on_shelf
from core import second_currency
from storefront.find import find

NEWEST = 6
# So many favourites, and so many services that were looked at or ordered last, stand on the front page.
OWN = 6
SUGGESTED = 5
FOUND = 20
_YEAR = 365 * 86_400


def front(request: HttpRequest) -> HttpResponse:
    """What is sold here, and how it works; for a customer, what they come back for."""
    categories = tree.categories()
    numbers = sms.buy.on_shelf().aggregate(
        sites=Count("site", distinct=True), countries=Count("country", distinct=True)
    )
    person = request.user if isinstance(request.user, User) else None
    kept = list(favourites.of(person)[:OWN]) if person else []
    return render(
        request,
        "storefront/front.html",
        {
            "categories": categories,
            "total": sum(category.count for category in categories),
            "numbers": numbers,
            "newest": on_shelf().select_related("category").order_by("-pk")[:NEWEST],
            "kept": kept,
            "lately": _lately(request, person, without=kept),
        },
    )


def _lately(request: HttpRequest, person: User | None, *, without: list[Service]) -> list[Service]:
    """What was looked at last in this browser, and after that what was ordered last, each once."""
    ids = viewed.ids(request)
    if person:
        ids = list(dict.fromkeys([*ids, *orders.search.lately(person, most=OWN)]))
    known = {service.pk for service in without}
    return viewed.services([pk for pk in ids if pk not in known])[:OWN]


@never_cache
@vary_on_headers("HX-Request")
def search(request: HttpRequest) -> HttpResponse:
    """One page with everything that fits; for the box in the header, the first few of each kind."""
    # PostgreSQL has no text with a NUL in it.
    words = request.GET.get("q", "").replace("\0", "").strip()[:200]
    htmx: Any = request.htmx  # type: ignore[attr-defined]  # by its middleware
    if htmx and not htmx.history_restore_request:
        return render(request, "storefront/suggestions.html", {"found": find(request, words, most=SUGGESTED)})
    return render(request, "storefront/search.html", {"found": find(request, words, most=FOUND), "words": words})


@require_POST
def currency(request: HttpRequest) -> HttpResponse:
    """Show the second currency in this browser, or no longer."""
    page = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    response = redirect(page if ours else "front")
    if request.POST.get("show") == second_currency.OFF:
        response.set_cookie(
            second_currency.COOKIE,
            second_currency.OFF,
            max_age=_YEAR,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    else:
        response.delete_cookie(second_currency.COOKIE, samesite="Lax")
    return response
