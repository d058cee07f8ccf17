"""A customer's numbers: choose, buy, watch the codes come. Each view calls one act."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.models import User
from core.money import show
from core.sheets import csv_response
from sms import buy, close, shelf, states
from sms.forms import BuyForm
from sms.models import Message, Number, Project, Purchase, Site
from wallet import ledger

PAGE = 60
HISTORY_PAGE = 30
# A purchase whose numbers are all done stays on the board for as long as this, so that its codes can be copied.
BOARD = 12


def sites(request: HttpRequest) -> HttpResponse:
    """What codes can be received for: search, with favourite and recent choices."""
    words = request.GET.get("q", "").strip()[:200]
    page = Paginator(shelf.sites(words), PAGE).get_page(request.GET.get("page"))
    chosen = {}
    if request.user.is_authenticated:
        customer = _customer(request)
        chosen = {"favourites": shelf.favourites(customer), "recent": shelf.recent(customer)}
    return render(request, "sms/sites.html", {"page": page, "words": words, **chosen})


def site(request: HttpRequest, site_id: int) -> HttpResponse:
    """The countries in which codes for a site can be received, the cheapest first."""
    shown = get_object_or_404(Site, pk=site_id, hidden=False)
    words = request.GET.get("q", "").strip()[:200]
    kept = set()
    if request.user.is_authenticated:
        kept = set(_customer(request).sms_favourites.values_list("project_id", flat=True))
    projects = list(shelf.projects_of(site_id))
    return render(request, "sms/site.html", {"site": shown, "projects": projects, "words": words, "kept": kept})


def project(request: HttpRequest, project_id: int) -> HttpResponse:
    """One site in one country with its form; sending the form buys."""
    shown = get_object_or_404(
        Project.objects.select_related("site", "country"), pk=project_id, site__hidden=False, country__hidden=False
    )
    if request.method != "POST":
        form = BuyForm.fresh(shown, phone=request.GET.get("phone"), quantity=request.GET.get("quantity"))
        return _project_page(request, shown, form)
    if not request.user.is_authenticated:
        return redirect_to_login(request.path)
    form = BuyForm(request.POST)
    if not form.is_valid():
        return _project_page(request, shown, form, status=422)
    try:
        purchase = buy.numbers(
            customer=_customer(request),
            project_id=shown.pk,
            quantity=form.cleaned_data["quantity"],
            phone=form.cleaned_data["phone"],
            shown_price=form.cleaned_data["shown_price"],
            form_key=form.cleaned_data["form_key"],
            now=timezone.now(),
        )
    except buy.CantBuy as error:
        for name, sentence in error.errors.items():
            form.add_error(name if name in form.fields else None, sentence)
        if isinstance(error, buy.PriceChanged):
            shown.refresh_from_db()
            form.offer_anew(shown)
        return _project_page(request, shown, form, status=422)
    except ledger.InsufficientFunds as error:
        form.add_error(None, str(error))
        return _project_page(request, shown, form, status=422)
    messages.success(
        request,
        _("%(amount)s of your balance is set aside. You pay only for numbers that get a code.")
        % {"amount": show(purchase.total)},
    )
    return redirect("sms:board")


def _project_page(request: HttpRequest, shown: Project, form: BuyForm, status: int = 200) -> HttpResponse:
    on_sale = shown.state == Project.State.ON_SALE and not shown.hidden
    return render(request, "sms/project.html", {"project": shown, "form": form, "on_sale": on_sale}, status=status)


@login_required
@never_cache
def board(request: HttpRequest) -> HttpResponse:
    """Numbers that wait and what came to them lately. An open page asks again, and gets 204 while nothing is new."""
    customer = _customer(request)
    version = _board_version(customer)
    if request.GET.get("since") == version:
        return HttpResponse(status=204)
    purchases = _purchases(customer)[:BOARD]
    live = any(_is_live(purchase) for purchase in purchases)
    return render(request, "sms/board.html", {"purchases": purchases, "version": version, "live": live})


def _board_version(customer: User) -> str:
    """Changes with anything the board shows: one query for what waits, and one for what was bought."""
    newest = Number.objects.filter(purchase__customer=customer).order_by("-changed_at").values_list("changed_at", "pk")
    purchases = Purchase.objects.filter(customer=customer).order_by("-pk").values_list("pk", "state")[:BOARD]
    number = newest.first()
    return "-".join(
        [*(f"{pk}{state[0]}{state[-1]}" for pk, state in purchases), f"{number[0].timestamp():.6f}" if number else ""]
    )


def _is_live(purchase: Purchase) -> bool:
    return purchase.state in (states.PLACED, states.SUBMITTING, states.UNCERTAIN, states.RUNNING)


@login_required
def history(request: HttpRequest) -> HttpResponse:
    """Every number the customer ever had, newest first, with search."""
    words = request.GET.get("q", "").strip()[:200]
    page = Paginator(_found(_customer(request), words), HISTORY_PAGE).get_page(request.GET.get("page"))
    return render(request, "sms/history.html", {"page": page, "words": words})


@login_required
def history_csv(request: HttpRequest) -> HttpResponseBase:
    """The found numbers as CSV, with the codes that came."""
    numbers = _found(_customer(request), request.GET.get("q", "").strip()[:200])
    header = ["number", "bought (UTC)", "for", "country", "phone", "status", "codes", "paid (USD)"]
    return csv_response("numbers.csv", header, _rows(numbers))


def _rows(numbers: QuerySet[Number]) -> Iterator[list[object]]:
    for number in numbers.iterator(chunk_size=500):
        yield [
            number.pk,
            number.received_at.strftime("%Y-%m-%d %H:%M:%S"),
            number.purchase.site_name,
            number.purchase.country_name,
            str(number),
            number.get_state_display(),
            " ".join(message.code for message in number.messages.all()),
            number.slot.hold.captured - number.slot.hold.refunded,
        ]


@login_required
@require_POST
def finish(request: HttpRequest, number_id: int) -> HttpResponse:
    """The code is enough: stop listening."""
    try:
        close.finish(number_id=number_id, customer=_customer(request), now=timezone.now())
    except Number.DoesNotExist:
        return render(request, "404.html", status=404)
    except close.CantFinish as error:
        messages.error(request, str(error))
    return redirect("sms:board")


@login_required
@require_POST
def favourite(request: HttpRequest, project_id: int) -> HttpResponse:
    """Keep a project at hand, or no longer."""
    chosen = get_object_or_404(Project, pk=project_id)
    shelf.toggle_favourite(customer=_customer(request), project_id=chosen.pk)
    return redirect("sms:site", chosen.site_id)


def _purchases(customer: User) -> QuerySet[Purchase]:
    numbers = Number.objects.prefetch_related(Prefetch("messages", Message.objects.order_by("-pk"))).order_by("pk")
    own = Purchase.objects.filter(customer=customer).select_related("project__country").order_by("-pk")
    return own.prefetch_related(Prefetch("numbers", numbers))


def _found(customer: User, words: str) -> QuerySet[Number]:
    numbers = Number.objects.filter(purchase__customer=customer).order_by("-pk")
    for word in words.split()[:8]:
        digits = word.lstrip("+")
        numbers = numbers.filter(
            Q(purchase__site_name__icontains=word)
            | Q(purchase__country_name__icontains=word)
            | Q(e164__contains=digits)
            | Q(phone__contains=digits)
        )
    return numbers.select_related("purchase__project__country", "slot__hold").prefetch_related("messages")


def _customer(request: HttpRequest) -> User:
    user: Any = request.user  # a User: whoever calls this has asked for a log-in first
    return user
