"""A customer's keys: make one, see it once, revoke it, and what each was used for lately."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.signed_in import signed_in
from api import keys
from api.forms import KeyForm
from api.models import Call, Key
from core.secrets import decrypt, encrypt

CALLS = 30
_MADE = "api_key_made"


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def key_list(request: HttpRequest) -> HttpResponse:
    """The keys and the newest calls; sending the form makes a key, whose secret the next page shows, and no other."""
    form = KeyForm(request.POST) if request.method == "POST" else KeyForm.fresh()
    if request.method == "POST" and form.is_valid():
        try:
            key, secret = keys.make(customer=_customer(request), now=timezone.now(), **form.fields_of_key())
        except keys.CantMake as error:
            form.add_error(None, str(error))
        else:
            if secret:
                # For the one page after the redirect: a reload makes no second key, and none is kept in clear.
                request.session[_MADE] = [key.pk, encrypt(secret)]
            else:
                messages.info(
                    request, _("This form was sent twice: the key “%(name)s” is there once.") % {"name": key.name}
                )
            return redirect("api:keys")
    return _page(request, form)


@signed_in
@require_POST
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    """End a key at once."""
    try:
        key = keys.revoke(key_id=key_id, customer=_customer(request), now=timezone.now())
    except Key.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The key “%(name)s” is revoked: it opens nothing any more.") % {"name": key.name})
    return redirect("api:keys")


def _page(request: HttpRequest, form: KeyForm) -> HttpResponse:
    own = Key.objects.filter(customer=_customer(request))
    made, secret = request.session.pop(_MADE, (None, "")) if request.method == "GET" else (None, "")
    return render(
        request,
        "api/keys.html",
        {
            "form": form,
            "made": own.filter(pk=made).first() if made else None,
            "secret": decrypt(secret) if secret else "",
            "keys": own.filter(revoked_at=None),
            "calls": Call.objects.filter(key__customer=_customer(request)).select_related("key")[:CALLS],
            "addresses": [
                (title, request.build_absolute_uri(reverse(name)))
                for name, title in (
                    ("api:v2", _("Services, products and numbers")),
                    ("api:panel", _("For panel software")),
                    ("api:handler", _("For SMS bots")),
                )
            ],
        },
        status=422 if form.errors else 200,
    )


def _customer(request: HttpRequest) -> User:
    user: Any = request.user  # a User: every view here asks for a log-in first
    return user
