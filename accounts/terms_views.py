"""The pages of the shop's terms: the version that holds, earlier ones, and the question whether one agrees."""

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import terms
from accounts.models import Terms, User
from accounts.plain_markup import parse
from accounts.signed_in import signed_in

# Older ones are not listed; they stay where they are.
LISTED = 50


@require_safe
def current(request: HttpRequest) -> HttpResponse:
    """The version that holds; a page of its own says so while there is none."""
    return _page(request, terms.current(timezone.now()))


@require_safe
def version(request: HttpRequest, version: int) -> HttpResponse:
    """One published version, for those who agreed to it then."""
    return _page(request, get_object_or_404(Terms, pk=version, published_at__lte=timezone.now()))


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest) -> HttpResponse:
    """Ask for the yes to the version that holds, and go on to `next`."""
    person = request.user
    assert isinstance(person, User)  # noqa: S101  # nosec B101 - signed_in
    now = timezone.now()
    onward = _onward(request)
    error = ""
    if request.method == "POST":
        given = request.POST.get("version", "")
        try:
            terms.accept(
                user=person,
                version=int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0,
                address=get_adapter(request).get_client_ip(request),
                now=now,
            )
        except terms.NewerVersion as newer:
            error = str(newer)
        else:
            messages.success(request, _("Thank you. You can go on now."))
            return redirect(onward)
    owed = terms.owed(person, now)
    if owed is None:
        return redirect(onward)
    return render(
        request,
        "accounts/terms_accept.html",
        {"terms": owed, "blocks": parse(owed.text), "next": onward, "error": error},
        status=422 if error else 200,
    )


def ask_first(request: HttpRequest, path: str) -> HttpResponse | None:
    """Where to send somebody who is about to buy and has yet to accept the terms; they come back to `path`.

    None for whoever may go on. What they typed belongs into `path`.
    """
    person = request.user
    if not isinstance(person, User) or terms.owed(person, timezone.now()) is None:
        return None
    return redirect(f"{reverse('terms:accept')}?{urlencode({'next': path})}")


def _page(request: HttpRequest, shown: Terms | None) -> HttpResponse:
    published = Terms.objects.filter(published_at__lte=timezone.now()).order_by("-published_at", "-pk")
    versions = list(published.defer("text_en", "text_zh_hans")[:LISTED])
    return render(
        request,
        "accounts/terms.html",
        {
            "terms": shown,
            "blocks": parse(shown.text) if shown else [],
            "versions": versions,
            "holds": shown is None or shown.pk == versions[0].pk,
        },
    )


def _onward(request: HttpRequest) -> str:
    path = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(path, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return path if safe else reverse("catalog:list")
