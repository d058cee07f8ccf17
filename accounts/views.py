"""A person's own settings: the profile page, and the language switch in the header of every page."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django.views.i18n import set_language

from accounts.forms import ProfileForm
from accounts.models import User


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show and save name, language and time zone; say how the e-mail address stands."""
    person = request.user
    assert isinstance(person, User)  # noqa: S101 - login_required
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
        {"form": form, "confirmed": confirmed},
        status=422 if form.errors else 200,
    )


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
