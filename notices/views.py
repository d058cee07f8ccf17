"""A customer's switches for e-mails, and the link in each e-mail that switches its kind off."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.signed_in import signed_in
from notices import switch
from notices.forms import SwitchesForm
from notices.kinds import Kind


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def switches(request: HttpRequest) -> HttpResponse:
    """Show and save which e-mails the customer gets."""
    customer = _customer(request)
    chosen = switch.switches_of(customer.pk)
    form = SwitchesForm(request.POST if request.method == "POST" else None, switches=chosen)
    if request.method == "POST" and form.is_valid():
        switch.choose(customer_id=customer.pk, on=form.on, low_below=form.cleaned_data["low_below"])
        messages.success(request, _("Your settings are saved."))
        return redirect("notices:switches")
    confirmed = EmailAddress.objects.filter(user=customer, primary=True, verified=True).exists()
    return render(
        request,
        "notices/switches.html",
        {"form": form, "confirmed": confirmed},
        status=422 if form.errors else 200,
    )


@csrf_exempt  # RFC 8058: the mail provider posts here, without a session; the signed link is all it needs.
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """The link of an e-mail: GET asks, since programs that check mail open links; POST switches off."""
    try:
        customer_id, kind = switch.read(token)
        if request.method == "POST":
            if "everything" in request.POST:
                token = switch.token_for(customer_id, switch.EVERYTHING)
            customer_id, kind = switch.stop(token=token)
    except switch.BadToken:
        raise Http404 from None
    return render(
        request,
        "notices/stop.html",
        {
            "kind": Kind(kind).label if kind in Kind.values else "",
            "everything": kind == switch.EVERYTHING,
            "done": request.method == "POST",
            "token": token,
        },
    )


def _customer(request: HttpRequest) -> User:
    user: Any = request.user  # a User: the views that ask for one ask for a log-in first
    return user
