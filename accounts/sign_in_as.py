"""Staff see the shop as a customer sees it: only to look, for half an hour, and everything looked at is recorded.

The session stays that of the member of staff, with a note of whom they look as; only the request's user is another. So
the customer's list of log-ins, their last log-in and their alerts know nothing of it, and nothing that opens the
account changes hands. Nothing is written on the way either: only reading requests pass, and what they would write all
the same (that an answer was read) is rolled back.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import roles
from accounts.models import User
from core import record
from core.models import StaffAct

LONGEST = timedelta(minutes=30)
# So many pages, and the visit ends: each that was looked at is in the record.
MOST_PAGES = 200
_KEY = "signed_in_as"
_READING = ("GET", "HEAD", "OPTIONS")
# What opens the account, or carries its things away.
_SHUT_PATHS = ("/account/", "/accounts/")
_SHUT_PAGES = frozenset(
    (
        *("orders:items_file", "orders:export", "sms:history_csv", "wallet:statement_csv", "funds:proof"),
        # Asks the vendor, which must not be waited for in a transaction.
        "catalog:stock",
    )
)
# What stays the member of staff's own: the way out, and how their browser shows pages.
_OWN_PAGES = frozenset(("accounts:stop_looking", "account_logout", "accounts:language", "storefront:currency", "brand"))


class NotAllowed(Exception):
    """Nobody is looked as; says why, for staff."""


def begin(*, request: HttpRequest, customer: User, reason: str, now: datetime) -> None:
    """Let the staff who sent the request look at the shop as `customer`. Raises `NotAllowed`."""
    operator = request.user
    if not may(operator):
        raise NotAllowed("You may not sign in as somebody else.")
    if customer.is_staff or customer.is_superuser:
        raise NotAllowed("Nobody signs in as a member of staff.")
    if not customer.is_active:
        raise NotAllowed("This account is closed.")
    record.note(
        kind=StaffAct.Kind.SIGN_IN_AS, said="Signed in as this customer.", row=customer, reason=reason, request=request
    )
    until = int((now + LONGEST).timestamp())
    request.session[_KEY] = {"customer": customer.pk, "until": until, "seen": []}


def end(*, request: HttpRequest, why: str = "") -> int | None:
    """Be oneself again; the customer's id, or None for somebody who was."""
    state = request.session.pop(_KEY, None)
    if state is None:
        return None
    customer = User.objects.filter(pk=state["customer"]).first()
    said = f"No longer signed in as this customer{f': {why}' if why else ''}."
    record.note(kind=StaffAct.Kind.SIGN_IN_AS, said=said, row=customer, request=request)
    return int(state["customer"])


def may(person: Any) -> bool:
    """Whether the person may look as customers."""
    return isinstance(person, User) and person.is_active and person.is_staff and person.has_perm(roles.SIGN_IN_AS)


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Show the shop as the customer, outside the admin."""
    admin = reverse("admin:index")

    def answer(request: HttpRequest) -> HttpResponse:
        state = request.session.get(_KEY) if request.user.is_authenticated else None
        if state is None:
            return get_response(request)
        page = _page(request.path)
        if request.path.startswith(admin) or page in _OWN_PAGES:
            return get_response(request)
        customer, why = _still(request, state)
        if customer is None:
            end(request=request, why=why)
            messages.info(request, _("You are yourself again: %(why)s.") % {"why": why})
            return get_response(request)
        request.operator = request.user  # type: ignore[attr-defined]
        request.user = customer
        if request.method not in _READING or request.path.startswith(_SHUT_PATHS) or page in _SHUT_PAGES:
            return render(request, "accounts/only_looking.html", status=403)
        _note_page(request, state, customer)
        with transaction.atomic():
            response = get_response(request)
            transaction.set_rollback(True)
        return response

    return answer


def _page(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def _still(request: HttpRequest, state: dict[str, Any]) -> tuple[User | None, str]:
    """The customer, or why it is over: each request asks anew."""
    if timezone.now().timestamp() >= state["until"]:
        return None, _("the time is over")
    if len(state["seen"]) >= MOST_PAGES:
        return None, _("it was long enough")
    customer = User.objects.filter(pk=state["customer"], is_active=True, is_staff=False, is_superuser=False).first()
    if customer is None or not may(request.user):
        return None, _("it is no longer allowed")
    return customer, ""


def _note_page(request: HttpRequest, state: dict[str, Any], customer: User) -> None:
    """Put a page into the record when it is opened first, whatever says that it is only a part of one."""
    if request.path in state["seen"]:
        return
    record.note(kind=StaffAct.Kind.SIGN_IN_AS, said=f"Looked at {request.path[:200]}", row=customer, request=request)
    request.session[_KEY] = {**state, "seen": [*state["seen"], request.path]}
