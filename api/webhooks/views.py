"""A customer's webhooks: make one, see its secret once, switch it off and on, and what was sent to it."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.signed_in import signed_in
from api.webhooks import destination, hooks, resend
from api.webhooks.forms import WebhookForm
from api.webhooks.models import Delivery, Try, Webhook
from core.secrets import decrypt, encrypt

PAGE = 25
_MADE = "webhook_secret"


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def webhook_list(request: HttpRequest) -> HttpResponse:
    """The addresses; sending the form makes one, and its own page shows the secret, once."""
    form = WebhookForm(request.POST) if request.method == "POST" else WebhookForm.fresh()
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            hook = hooks.make(customer=_customer(request), form_key=form.once(), now=now, **form.fields_of_hook())
        except destination.Forbidden as error:
            form.add_error("url", str(error))
        except hooks.CantMake as error:
            form.add_error(None, str(error))
        else:
            if hook.created_at == now:
                return _show_secret(request, hook)
            messages.info(request, _("This form was sent twice: the webhook is there once."))
            return redirect("api:webhook", hook.pk)
    return render(
        request,
        "api/webhooks.html",
        {"form": form, "hooks": Webhook.objects.filter(customer=_customer(request))},
        status=422 if form.errors else 200,
    )


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def webhook(request: HttpRequest, hook_id: int) -> HttpResponse:
    """One address with its log; sending the form changes it."""
    hook = get_object_or_404(Webhook, pk=hook_id, customer=_customer(request))
    form = WebhookForm(
        request.POST if request.method == "POST" else None, initial={"url": hook.url, "events": hook.events}
    )
    if request.method == "POST" and form.is_valid():
        try:
            hooks.change(hook_id=hook_id, customer=_customer(request), **form.fields_of_hook())
        except destination.Forbidden as error:
            form.add_error("url", str(error))
        else:
            messages.success(request, _("Saved."))
            return redirect("api:webhook", hook_id)
    log = (
        Delivery.objects.filter(webhook=hook)
        .select_related("event")
        .defer("event__body")
        .prefetch_related(Prefetch("posts", Try.objects.order_by("-pk")))
    )
    page = Paginator(log, PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "api/webhook.html",
        {"form": form, "hook": hook, "secret": _new_secret(request, hook_id), "page": page, "now": timezone.now()},
        status=422 if form.errors else 200,
    )


@signed_in
@require_POST
def rotate(request: HttpRequest, hook_id: int) -> HttpResponse:
    """A new secret."""
    return _show_secret(request, _run(lambda: hooks.rotate(hook_id=hook_id, **_who(request))))


@signed_in
@require_POST
def switch(request: HttpRequest, hook_id: int) -> HttpResponse:
    """Off or on, as the form says."""
    if request.POST.get("active") == "1":
        _run(lambda: hooks.switch_on(hook_id=hook_id, **_who(request)))
        messages.success(request, _("It is on: what happens from now on is sent."))
    else:
        _run(lambda: hooks.switch_off(hook_id=hook_id, **_who(request)))
        messages.success(request, _("It is off: nothing is sent there."))
    return redirect("api:webhook", hook_id)


@signed_in
@require_POST
def remove(request: HttpRequest, hook_id: int) -> HttpResponse:
    """End an address for good."""
    gone = _run(lambda: hooks.remove(hook_id=hook_id, customer=_customer(request)))
    messages.success(request, _("Removed: nothing is sent to %(url)s any more.") % {"url": gone.url})
    return redirect("api:webhooks")


@signed_in
@require_POST
def test(request: HttpRequest, hook_id: int) -> HttpResponse:
    """Send an event that only tests the way."""
    return _send(request, hook_id, lambda: resend.test(hook_id=hook_id, **_who(request)))


@signed_in
@require_POST
def send_again(request: HttpRequest, hook_id: int, delivery_id: int) -> HttpResponse:
    """Send a delivery once more."""
    return _send(request, hook_id, lambda: resend.resend(delivery_id=delivery_id, hook_id=hook_id, **_who(request)))


def _send(request: HttpRequest, hook_id: int, act: Callable[[], Delivery]) -> HttpResponse:
    try:
        _run(act)
    except resend.CantSend as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("It goes out in a few seconds: reload to see what came of it."))
    return redirect("api:webhook", hook_id)


def _run(act: Callable[[], Any]) -> Any:
    """Somebody else's, or nobody's: not found."""
    try:
        return act()
    except (Webhook.DoesNotExist, Delivery.DoesNotExist):
        raise Http404 from None


def _new_secret(request: HttpRequest, hook_id: int) -> str:
    """The secret that was just made for this address, the first time it is asked for; else nothing."""
    made, kept = request.session.get(_MADE, (None, ""))
    if request.method != "GET" or made != hook_id:
        return ""
    del request.session[_MADE]
    return decrypt(kept)


def _show_secret(request: HttpRequest, hook: Webhook) -> HttpResponse:
    # For the one page after the redirect, and not in clear.
    request.session[_MADE] = [hook.pk, encrypt(hook.secret)]
    return redirect("api:webhook", hook.pk)


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"customer": _customer(request), "now": timezone.now()}


def _customer(request: HttpRequest) -> User:
    user: Any = request.user  # a User: every view here asks for a log-in first
    return user
