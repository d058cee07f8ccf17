"""A customer's numbers: choose, buy, watch the codes come. Each view calls one act."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import replace_url

from accounts.models import User
from accounts.signed_in import signed_in
from accounts.terms_views import ask_first
from core.money import show
from core.once import once_key
from core.sheets import csv_response
from sms import blocked, buy, close, shelf, states
from sms.forms import BuyForm
from sms.late import late
from sms.models import Message, Number, Project, Purchase, Site
from sms.terms import Terms
from wallet import ledger

PAGE = 60
HISTORY_PAGE = 30
# The newest purchases are on the board so that their codes can be copied, and of the newer ones all that still run.
BOARD = 12
BOARD_OPEN = 100
OPEN = [states.PLACED, states.SUBMITTING, states.UNCERTAIN, states.RUNNING]
_WAITING_FIELDS = ["state", "below_cost", "tries", "placed_at"]

SITE_SORTS = {
    "name": gettext_lazy("A to Z"),
    "price": gettext_lazy("Cheapest first"),
    "countries": gettext_lazy("Most countries"),
}
COUNTRY_SORTS = {
    "price": gettext_lazy("Cheapest first"),
    "delivery": gettext_lazy("Delivers best"),
    "name": gettext_lazy("A to Z"),
}
HISTORY_GROUPS = {
    "code": (gettext_lazy("With a code"), states.PAID),
    "none": (gettext_lazy("Without a code"), states.UNPAID),
    "waiting": (gettext_lazy("Waiting"), [states.WAITING]),
}


@vary_on_headers("HX-Request")
def sites(request: HttpRequest) -> HttpResponse:
    """What codes can be received for: search, with favourite and recent choices."""
    words, sort = _words(request), _sort(request, SITE_SORTS)
    page = Paginator(shelf.sites(words, sort), PAGE).get_page(request.GET.get("page"))
    terms = Terms.of(request.user)
    shelf.price_anew(page.object_list, terms)
    chosen: dict[str, list[Project]] = {}
    # Who searches wants what is found, on the first screen.
    if request.user.is_authenticated and not words and not _partial(request):
        customer = _customer(request)
        favourites = list(shelf.favourites(customer))
        recent = [project for project in shelf.recent(customer) if project not in favourites]
        chosen = {"favourites": favourites, "recent": recent}
    context = {"page": page, "terms": terms, "words": words, "sort": sort, "sorts": SITE_SORTS.items(), **chosen}
    response = render(request, "sms/sites.html", context)
    wanted = {"q": words, "sort": sort if sort != "name" else "", "page": page.number if page.number > 1 else ""}
    return _keep_address(request, response, wanted)


@vary_on_headers("HX-Request")
def site(request: HttpRequest, site_id: int) -> HttpResponse:
    """The countries in which codes for a site can be received, the cheapest first."""
    shown = get_object_or_404(Site.objects.filter(~blocked.site_blocks("folded")), pk=site_id, hidden=False)
    words, sort = _words(request), _sort(request, COUNTRY_SORTS)
    terms = Terms.of(request.user)
    projects = shelf.projects_of(site_id, words, sort, terms=terms)
    kept = shelf.kept(_customer(request), site_id) if request.user.is_authenticated else set()
    response = render(
        request,
        "sms/site.html",
        {
            "site": shown,
            "projects": projects,
            "terms": terms,
            "words": words,
            "sort": sort,
            "sorts": COUNTRY_SORTS.items(),
            "kept": kept,
        },
    )
    return _keep_address(request, response, {"q": words, "sort": sort if sort != "price" else ""})


def project(request: HttpRequest, project_id: int) -> HttpResponse:
    """One site in one country with its form; sending the form buys."""
    shown = get_object_or_404(
        Project.objects.select_related("site", "country"), pk=project_id, site__hidden=False, country__hidden=False
    )
    if request.method != "POST":
        # Who has the form open reads why it is not sold any more; nobody else sees that it ever was.
        if blocked.reason(shown):
            raise Http404
        price = Terms.of(request.user).price(shown)
        return _project_page(request, shown, BuyForm.fresh(price, **_typed(request.GET).dict()))
    if not request.user.is_authenticated:
        return redirect_to_login(f"{request.path}?{_typed(request.POST).urlencode()}")
    if terms_first := ask_first(request, f"{request.path}?{_typed(request.POST).urlencode()}"):
        return terms_first
    form = BuyForm(request.POST)
    if not form.is_valid():
        return _project_page(request, shown, form, status=422)
    now = timezone.now()
    quantity, phone = form.cleaned_data["quantity"], form.cleaned_data["phone"]
    try:
        purchase = buy.numbers(
            customer=_customer(request),
            project_id=shown.pk,
            quantity=quantity,
            phone=phone,
            shown_price=form.cleaned_data["shown_price"],
            form_key=once_key(form.cleaned_data["form_key"], shown.pk, quantity, phone),
            now=now,
        )
    except buy.CantBuy as error:
        for name, sentence in error.errors.items():
            form.add_error(name if name in form.fields else None, sentence)
        shown.refresh_from_db()
        if isinstance(error, buy.PriceChanged):
            form.offer_anew(Terms.of(request.user).price(shown))
        return _project_page(request, shown, form, status=422)
    except ledger.InsufficientFunds as error:
        return _project_page(request, shown, form, status=422, short=str(error))
    if purchase.placed_at == now:
        said = _("%(amount)s of your balance is set aside. You pay only for numbers that get a code.")
    else:
        said = _("This was bought before. Nothing was bought or set aside again.")
    messages.success(request, said % {"amount": show(purchase.total)})
    return redirect("sms:board")


def _typed(given: QueryDict) -> QueryDict:
    """What somebody entered, or wants to use again, without what only a form of ours can mean."""
    kept = QueryDict(mutable=True)
    for name in ("quantity", "phone"):
        if text := given.get(name, "").strip()[:60]:
            kept[name] = text
    return kept


def _project_page(
    request: HttpRequest, shown: Project, form: BuyForm, status: int = 200, short: str = ""
) -> HttpResponse:
    """`short` is a sentence on the money that is missing."""
    price = Terms.of(request.user).price(shown)
    charge = _charge(price, form)
    own: dict[str, Any] = {"balance": None, "after": None}
    if request.user.is_authenticated:
        customer = _customer(request)
        balance = ledger.account_of(customer).available
        own = {
            "balance": balance,
            "after": balance - charge if charge is not None else None,
            "numbers": shelf.own_numbers(customer, shown.country_id),
            "kept": shown.pk in shelf.kept(customer, shown.site_id),
        }
    return render(
        request,
        "sms/project.html",
        {
            "project": shown,
            "form": form,
            "price": price,
            "charge": charge,
            "again": bool(form["phone"].value()),
            "on_sale": shown.state == Project.State.ON_SALE and not shown.hidden and not blocked.reason(shown),
            "short": short,
            "typed": _typed(request.GET).urlencode(),
            **own,
        },
        status=status,
    )


def _charge(price: Decimal, form: BuyForm) -> Decimal | None:
    """USD for the quantity in the form, before any script counts; None when it is no quantity."""
    text = str(form["quantity"].value() or "").strip()
    return price * int(text) if re.fullmatch(r"[0-9]{1,2}", text, re.ASCII) else None


@signed_in
@never_cache
def board(request: HttpRequest) -> HttpResponse:
    """Numbers that wait and what came to them lately. An open page asks again, and gets 204 while nothing is new."""
    customer = _customer(request)
    now = timezone.now()
    version, ids = _board(customer, now)
    if request.GET.get("since") == version:
        return HttpResponse(status=204)
    purchases = list(_purchases(customer).filter(pk__in=ids))
    context = {
        "purchases": purchases,
        "version": version,
        "live": any(purchase.state in OPEN for purchase in purchases),
        "now": now,
    }
    return render(request, "sms/board.html", context)


def _board(customer: User, now: datetime) -> tuple[str, list[int]]:
    """A digest that changes with anything the board shows, and the ids of its purchases: two small queries."""
    newest = Purchase.objects.filter(customer=customer).order_by("-pk").only(*_WAITING_FIELDS)[:BOARD_OPEN]
    shown = [
        (purchase.pk, purchase.state, late(purchase, now))
        for place, purchase in enumerate(newest)
        if place < BOARD or purchase.state in OPEN
    ]
    ids = [pk for pk, _state, _late in shown]
    numbers = Number.objects.filter(purchase__in=ids).order_by("pk")
    # A message changes `changed_at` of its number; the end of a number may move without it.
    facts = [shown, list(numbers.values_list("pk", "state", "changed_at", "expires_at"))]
    return hashlib.blake2b(repr(facts).encode(), digest_size=12).hexdigest(), ids


@signed_in
@never_cache
@vary_on_headers("HX-Request")
def history(request: HttpRequest) -> HttpResponse:
    """Every number the customer ever had, newest first, with search; `before` walks back from a number."""
    words, group = _words(request), _group(request)
    numbers = _found(_customer(request), words, group)
    before = request.GET.get("before", "")
    if not (before.isascii() and before.isdigit() and len(before) < 19):
        before = ""
    if before:
        numbers = numbers.filter(pk__lt=int(before))
    rows = list(numbers[: HISTORY_PAGE + 1])
    response = render(
        request,
        "sms/history.html",
        {
            "numbers": rows[:HISTORY_PAGE],
            "next_before": rows[HISTORY_PAGE - 1].pk if len(rows) > HISTORY_PAGE else None,
            "paged": bool(before),
            "words": words,
            "group": group,
            "kept_days": settings.GOODS_KEPT_DAYS,
            "groups": [(name, label) for name, (label, _states) in HISTORY_GROUPS.items()],
        },
    )
    return _keep_address(request, response, {"q": words, "status": group, "before": before})


@signed_in
def history_csv(request: HttpRequest) -> HttpResponseBase:
    """The found numbers as CSV, with the codes and messages that came."""
    numbers = _found(_customer(request), _words(request), _group(request))
    header = [
        _("number"),
        _("bought (UTC)"),
        _("for"),
        _("country"),
        _("phone"),
        _("status"),
        _("codes"),
        _("messages"),
        _("paid (USD)"),
    ]
    return csv_response("numbers.csv", header, _rows(numbers))


def _rows(numbers: QuerySet[Number]) -> Iterator[list[object]]:
    for number in numbers.iterator(chunk_size=500):
        came = list(reversed(number.messages.all()))
        yield [
            number.pk,
            number.received_at.strftime("%Y-%m-%d %H:%M:%S"),
            number.purchase.site_name,
            number.purchase.country_name,
            str(number),
            number.get_state_display(),
            " ".join(message.code for message in came if message.code),
            "\n".join(message.text for message in came if message.text),
            number.slot.hold.captured - number.slot.hold.refunded,
        ]


@signed_in
@require_POST
def finish(request: HttpRequest, number_id: int) -> HttpResponse:
    """The code is enough: stop listening."""
    try:
        number = close.finish(number_id=number_id, customer=_customer(request), now=timezone.now())
    except Number.DoesNotExist:
        raise Http404 from None
    except close.CantFinish as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%(number)s is finished: no more messages are waited for.") % {"number": number})
    return redirect("sms:board")


@signed_in
@require_POST
def favourite(request: HttpRequest, project_id: int) -> HttpResponse:
    """Keep a project at hand, or no longer."""
    chosen = get_object_or_404(Project.objects.select_related("site", "country"), pk=project_id)
    kept = shelf.toggle_favourite(customer=_customer(request), project_id=chosen.pk)
    if _partial(request):
        return render(request, "sms/star.html", {"project": chosen, "kept": kept})
    return redirect("sms:site", chosen.site_id)


def _purchases(customer: User) -> QuerySet[Purchase]:
    came = Prefetch("messages", Message.objects.order_by("-pk"))
    numbers = Prefetch("numbers", Number.objects.prefetch_related(came).order_by("pk"))
    own = Purchase.objects.filter(customer=customer).order_by("-pk")
    return own.select_related("project__country").prefetch_related(numbers)


def _found(customer: User, words: str, group: str) -> QuerySet[Number]:
    """The customer's numbers in a group of states, in which every word occurs; newest first."""
    numbers = Number.objects.filter(purchase__customer=customer).order_by("-pk")
    if group:
        numbers = numbers.filter(state__in=HISTORY_GROUPS[group][1])
    # A phone as people write it is one word.
    dialled = re.fullmatch(r"\+?[0-9][0-9 ().-]{3,}", words, re.ASCII)
    for word in [re.sub(r"\D", "", words)] if dialled else words.split()[: shelf.MOST_WORDS]:
        numbers = numbers.filter(
            Q(purchase__site_name__icontains=word)
            | Q(purchase__country_name__icontains=word)
            | Q(purchase__project__country__region__in=shelf.regions_named(word))
            | Q(e164__contains=word)
            | Q(phone__contains=word)
        )
    came = Prefetch("messages", Message.objects.order_by("-pk"))
    return numbers.select_related("purchase__project__country", "slot__hold").prefetch_related(came)


def _partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page."""
    return bool(request.htmx)  # type: ignore[attr-defined]  # by its middleware


def _keep_address(request: HttpRequest, response: HttpResponse, wanted: Mapping[str, object]) -> HttpResponse:
    """Put what is shown into the browser's address, without a step of history for every letter typed."""
    if not _partial(request):
        return response
    query = QueryDict(mutable=True)
    query.update({name: str(value) for name, value in wanted.items() if value})
    return replace_url(response, f"{request.path}?{query.urlencode()}" if query else request.path)


def _words(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:200]


def _sort(request: HttpRequest, sorts: dict[str, Any]) -> str:
    """One of `sorts`; the first where the address has none."""
    wanted = request.GET.get("sort", "")
    return wanted if wanted in sorts else next(iter(sorts))


def _group(request: HttpRequest) -> str:
    wanted = request.GET.get("status", "")
    return wanted if wanted in HISTORY_GROUPS else ""


def _customer(request: HttpRequest) -> User:
    user: Any = request.user  # a User: whoever calls this has asked for a log-in first
    return user
