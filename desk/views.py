"""Help: a customer's requests, announcements, questions and answers. Each view calls one act."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.models import User
from accounts.signed_in import signed_in
from core.money import show
from core.once import once_key
from desk import announce, ask, say
from desk.forms import AskForm, ReplyForm
from desk.models import Announcement, Question, Request
from desk.rules import choices, why_not
from orders import states
from orders.models import Order
from sms.models import Purchase

PAGE = 20
NEWEST = 3
RECENT_ORDERS = 8


@never_cache
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Own requests, newest first (`before` walks back from a number), what the shop tells, and answered questions."""
    requests: list[Request] = []
    before = request.GET.get("before", "")
    paged = before.isascii() and before.isdigit() and len(before) < 19
    if request.user.is_authenticated:
        own = _own(request)
        requests = list((own.filter(pk__lt=int(before)) if paged else own)[: PAGE + 1])
    return render(
        request,
        "desk/index.html",
        {
            "requests": requests[:PAGE],
            "next_before": requests[PAGE - 1].pk if len(requests) > PAGE else None,
            "paged": paged,
            "announcements": announce.live(now=timezone.now())[:NEWEST],
            "questions": Question.objects.filter(shown=True),
        },
    )


@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Ask for help: about which order, what for, and the form; the address says how far one has come."""
    order, purchase = _order(request), _purchase(request)
    kind = request.GET.get("kind", "")
    if order is None or kind not in Request.Kind.values:
        kind = Request.Kind.OTHER if order is None and (purchase or "kind" in request.GET) else ""
    if not kind:
        return _choose(request, order)
    now = timezone.now()
    why = why_not(kind, order, now=now) if order else ""
    live = _live(order, kind)
    if request.method != "POST":
        if live is not None:
            return redirect("desk:request", live.pk)
        return _form(request, AskForm(kind=kind, initial=ReplyForm.fresh().initial), kind, order, purchase, why)
    form = AskForm(request.POST, kind=kind)
    if not form.is_valid():
        return _form(request, form, kind, order, purchase, why, status=422)
    try:
        made = _ask(request, form, kind, order, purchase)
    except ask.CantAsk as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return _form(request, form, kind, order, purchase, "", status=422)
    if made.order_id and made.kind == Request.Kind.CANCEL and made.state == Request.State.DONE:
        messages.success(request, _canceled(made))
        return redirect("orders:detail", made.order_id)
    messages.success(request, _("Request %(number)s is open. We answer here.") % {"number": made.pk})
    return redirect("desk:request", made.pk)


def _canceled(made: Request) -> str:
    assert made.order is not None  # noqa: S101  # nosec B101 - the caller looked
    return _("Order %(number)s is canceled. %(amount)s are available again.") % {
        "number": made.order_id,
        "amount": show(made.order.charge),
    }


def _ask(request: HttpRequest, form: AskForm, kind: str, order: Order | None, purchase: Purchase | None) -> Request:
    given = form.cleaned_data
    key = once_key(given["form_key"], kind, order and order.pk, purchase and purchase.pk, given["text"])
    common: dict[str, Any] = {"customer": _customer(request), "form_key": key, "now": timezone.now()}
    if order is None or kind == Request.Kind.OTHER:
        return ask.question(order=order, purchase=purchase, subject=given["subject"], text=given["text"], **common)
    common |= {"order_id": order.pk, "text": given["text"]}
    match kind:
        case Request.Kind.REFILL:
            return ask.refill(**common)
        case Request.Kind.CANCEL:
            return ask.cancel(**common)
        case Request.Kind.REPLACEMENT:
            return ask.replacement(positions=given["positions"], **common)
    return ask.not_delivered(**common)


def _choose(request: HttpRequest, order: Order | None) -> HttpResponse:
    """Which order, and then what for."""
    recent = [] if order else list(_orders(request).order_by("-pk")[:RECENT_ORDERS])
    return render(
        request,
        "desk/choose.html",
        {
            "order": order,
            "choices": choices(order, now=timezone.now()) if order else [],
            "recent": recent,
        },
    )


def _form(
    request: HttpRequest,
    form: AskForm,
    kind: str,
    order: Order | None,
    purchase: Purchase | None,
    why: str,
    *,
    status: int = 200,
) -> HttpResponse:
    return render(
        request,
        "desk/new.html",
        {
            "form": form,
            "kind": kind,
            "label": Request.Kind(kind).label,
            "order": order,
            "purchase": purchase,
            "why_not": why,
            "at_once": kind == Request.Kind.CANCEL and order is not None and order.state == states.PLACED,
        },
        status=status,
    )


@signed_in
@never_cache
@vary_on_headers("HX-Request")
@require_http_methods(["GET", "HEAD", "POST"])
def thread(request: HttpRequest, request_id: int) -> HttpResponse:
    """One request. A page that is open asks again with the `since` it has, and gets 204 while nothing is new."""
    wish = get_object_or_404(_own(request), pk=request_id)
    htmx: Any = request.htmx  # type: ignore[attr-defined]  # by its middleware
    form = ReplyForm.fresh()
    if request.method == "POST":
        form = ReplyForm(request.POST)
        if form.is_valid():
            given = form.cleaned_data
            try:
                say.reply(
                    request_id=wish.pk,
                    customer=_customer(request),
                    text=given["text"],
                    form_key=once_key(given["form_key"], given["text"]),
                    now=timezone.now(),
                )
            except say.CantSay as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, _("Your message is sent."))
                return redirect("desk:request", wish.pk)
    elif htmx and request.GET.get("since") == wish.version:
        return HttpResponse(status=204)
    say.seen(wish)
    return render(
        request,
        "desk/request.html",
        {"wish": wish, "thread": wish.messages.all(), "form": form},
        status=422 if form.errors else 200,
    )


@require_GET
def announcements(request: HttpRequest) -> HttpResponse:
    """Everything the shop tells at the moment, newest first."""
    page = Paginator(announce.live(now=timezone.now()), PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/announcements.html", {"page": page})


@require_POST
def put_away(request: HttpRequest, announcement_id: int) -> HttpResponse:
    """Have this browser no longer show the announcement at the top of pages."""
    get_object_or_404(Announcement, pk=announcement_id)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = redirect(back)
    announce.put_one_away(request, response, announcement_id)
    return response


def _own(request: HttpRequest) -> QuerySet[Request]:
    """The customer's own requests: another's does not exist for them."""
    own = Request.objects.filter(customer=_customer(request)).order_by("-pk")
    return own.select_related("order__service", "purchase")


def _orders(request: HttpRequest) -> QuerySet[Order]:
    return Order.objects.filter(customer=_customer(request)).select_related("service")


def _order(request: HttpRequest) -> Order | None:
    text = request.GET.get("order", "").strip().lstrip("#")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return get_object_or_404(_orders(request), pk=int(text))


def _purchase(request: HttpRequest) -> Purchase | None:
    text = request.GET.get("purchase", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return get_object_or_404(Purchase, pk=int(text), customer=_customer(request))


def _live(order: Order | None, kind: str) -> Request | None:
    return order.requests.filter(kind=kind, state__in=Request.LIVE).first() if order else None


def _customer(request: HttpRequest) -> User:
    user: Any = request.user  # a User: every view here that needs one asks for a log-in first
    return user
