"""A person's own settings: the profile page, where they are logged in, and the language switch of every page."""

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.i18n import set_language

from accounts import second_factor, sessions, sign_in_as
from accounts.forms import ProfileForm
from accounts.models import User


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show and save name, language and time zone; say how the e-mail address stands."""
    person = _person(request)
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=person)
    if request.method == "POST" and form.is_valid():
        form.save()
        if person.language:
            translation.activate(person.language)
        messages.success(request, _("Your settings are saved."))
        return redirect("accounts:profile")
    if form.is_bound:
        # The form wrote what was typed into the instance; the header should go on showing what is saved.
        person.refresh_from_db()
    confirmed = EmailAddress.objects.filter(user=person, email__iexact=person.email, verified=True).exists()
    return render(
        request,
        "accounts/profile.html",
        {"form": form, "confirmed": confirmed, "two_factors": second_factor.has_one(person)},
        status=422 if form.errors else 200,
    )


@login_required
@never_cache
@require_safe
def session_list(request: HttpRequest) -> HttpResponse:
    """Where the person is logged in."""
    here = request.session.session_key
    rows = sessions.of(_person(request), current=here, now=timezone.now())
    return render(
        request,
        "accounts/sessions.html",
        {"sessions": rows, "others": any(not row.current for row in rows)},
    )


@login_required
@require_POST
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """Log one browser out."""
    try:
        sessions.end(user=_person(request), session_id=session_id)
    except UserSession.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("That browser is logged out."))
    return redirect("accounts:sessions")


@login_required
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Log every other browser out."""
    ended = sessions.end_all(user=_person(request), but=request.session.session_key)
    said = ngettext("%(count)d other browser is logged out.", "%(count)d other browsers are logged out.", ended)
    messages.success(request, said % {"count": ended})
    return redirect("accounts:sessions")


@login_required
@require_POST
def stop_looking(request: HttpRequest) -> HttpResponse:
    """Staff who are signed in as a customer are themselves again, and back at the customer's page."""
    customer_id = sign_in_as.end(request=request)
    if customer_id is None:
        return redirect("front")
    return redirect("admin:accounts_user_change", customer_id)


def _person(request: HttpRequest) -> User:
    person = request.user
    assert isinstance(person, User)  # noqa: S101  # nosec B101 - login_required
    return person


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch the language: for this browser, and for the account when somebody is signed in."""
    chosen = request.POST.get("language", "")
    person = request.user
    if isinstance(person, User) and chosen in dict(settings.LANGUAGES) and person.language != chosen:
        person.language = chosen
        person.save(update_fields=["language"])
    response: HttpResponse = set_language(request)
    return response
