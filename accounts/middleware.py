"""Show each person the shop in their own language and time zone; note when they were last seen; ask operators for a
second factor."""

import time
import zoneinfo
from collections.abc import Callable

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import second_factor as factors

_SEEN = "seen_at"
_WANTED = "admin_page_wanted"
# Seconds between two notes of when a browser was last seen: a row for each request would cost more than the page.
_EVERY = 600


def preferences(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Activate what the signed-in person chose; a visitor keeps what the browser and the switch say."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated:
            if user.language:
                translation.activate(user.language)
                request.LANGUAGE_CODE = translation.get_language()
            if user.time_zone:
                try:
                    timezone.activate(zoneinfo.ZoneInfo(user.time_zone))
                except (zoneinfo.ZoneInfoNotFoundError, ValueError):
                    timezone.deactivate()
        try:
            return get_response(request)
        finally:
            timezone.deactivate()

    return middleware


def seen_now(request: HttpRequest) -> None:
    """Begin to note when this browser was last seen; a session that nobody logged in to has no row for it."""
    request.session[_SEEN] = int(time.time())


def last_seen(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Keep the list of somebody's log-ins true to within ten minutes."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            noted = request.session.get(_SEEN)
            if noted is not None and time.time() - noted >= _EVERY:
                seen_now(request)
                UserSession.objects.filter(session_key=request.session.session_key, user=request.user).update(
                    last_seen_at=timezone.now(), ip=get_adapter(request).get_client_ip(request)
                )
        return get_response(request)

    return middleware


def second_factor(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Lead an operator who has no second factor to set one up before the admin opens: see STAFF_NEEDS_TWO_FACTORS.

    Once there is one, the page of second factors leads back to where they wanted to go.
    """
    admin, leave, set_up = reverse("admin:index"), reverse("admin:logout"), reverse("mfa_index")

    def middleware(request: HttpRequest) -> HttpResponse:
        if (
            request.path.startswith(admin)
            and request.path != leave
            and request.user.is_staff
            and not factors.is_enough(request.user)
        ):
            if request.method == "GET":
                request.session[_WANTED] = request.get_full_path()
            messages.warning(request, _("To run the shop you need a second factor. Set one up here first."))
            return redirect("mfa_index")
        if request.path == set_up and request.method == "GET" and _WANTED in request.session:
            user = request.user
            if user.is_authenticated and user.is_staff and factors.has_one(user):
                return redirect(request.session.pop(_WANTED))
        return get_response(request)

    return middleware
