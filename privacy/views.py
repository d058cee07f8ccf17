"""Pages about one's own data: take a copy, delete the account."""

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from core.money import ZERO
from privacy import delete as deleting
from privacy import export
from privacy.forms import DeleteForm
from wallet import ledger


@login_required
@never_cache
@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """What can be had and done."""
    return _data_page(request)


@login_required
@require_POST
def copy(request: HttpRequest) -> HttpResponseBase:
    """A ZIP file with everything."""
    now = timezone.now()
    try:
        pieces = export.copy(customer=_person(request), now=now)
    except export.TooSoon as error:
        return _data_page(request, error=str(error), status=429)
    response = StreamingHttpResponse(pieces, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="my-data-{now:%Y-%m-%d}.zip"'
    response["Cache-Control"] = "no-store"
    return response


def _without_password(request: HttpRequest) -> bool:
    """Whether somebody has to prove who they are in another way than by the form's password."""
    return request.user.is_authenticated and not request.user.has_usable_password()


@login_required
@never_cache
@reauthentication_required(enabled=_without_password)
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    """Say what goes and what stays; sending the form deletes the account."""
    person = _person(request)
    left = ledger.account_of(person).available
    form = DeleteForm(
        request.POST if request.method == "POST" else None,
        has_password=person.has_usable_password(),
        has_money=left > ZERO,
    )
    if request.method == "POST" and form.is_valid():
        adapter = get_adapter(request)
        if "password" in form.fields:
            try:
                if not adapter.reauthenticate(person, form.cleaned_data["password"]):
                    form.add_error("password", _("This is not your password."))
            except ValidationError as error:  # too many guesses, here and at the log-in together
                form.add_error("password", error)
        if not form.errors:
            email, name = person.email, settings.SHOP_NAME
            try:
                deleting.account(
                    user=person, gives_up_balance=form.cleaned_data.get("give_up", False), now=timezone.now()
                )
            except deleting.BalanceLeft as error:
                form.add_error("give_up" if "give_up" in form.fields else None, str(error))
            except deleting.CantDelete as error:
                form.add_error(None, str(error))
            else:
                logout(request)
                adapter.send_notification_mail("privacy/email/deleted", person, {"shop_name": name}, email=email)
                return redirect("privacy:deleted")
    return render(
        request,
        "privacy/delete.html",
        {"form": form, "left": left, "has_money": left > ZERO, "obstacles": deleting.obstacles(person)},
        status=422 if form.errors else 200,
    )


@require_safe
def deleted(request: HttpRequest) -> HttpResponse:
    """The last page."""
    return render(request, "privacy/deleted.html")


def _data_page(request: HttpRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    last = export.last(_person(request))
    return render(request, "privacy/data.html", {"last": last, "error": error}, status=status)


def _person(request: HttpRequest) -> User:
    person = request.user
    assert isinstance(person, User)  # noqa: S101  # nosec B101 - login_required
    return person
