"""The first-run page of the admin: each check, and the few things that are decided right there."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from kombu.exceptions import OperationalError

from catalog import tasks as catalog_tasks
from catalog.set_rate_unit import set_rate_unit
from core import record
from core.admin_base import pill
from core.models import StaffAct
from reseller.first_run import prices, work
from reseller.first_run.forms import MarkupForm, UnitsForm
from reseller.first_run.groups import BY_NAME, GROUPS, in_the_way, look_at_all
from reseller.first_run.letter import LetterFailed, send_letter
from reseller.first_run.result import Result, State
from reseller.first_run.set_markup import set_markup
from reseller.models import FirstRun
from sms import tasks as sms_tasks

# The page comes by itself once a log-in, until it is done.
_SHOWN = "first_run_shown"
_PILLS = {State.OK: ("Well", "success"), State.TODO: ("To do", "warning"), State.WRONG: ("Wrong", "danger")}
View = Callable[..., HttpResponse]


def shown_first(index: View) -> View:
    """The admin's first page, behind the first run for who may do it and as long as nobody has."""

    def first(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        due = (
            _SHOWN not in request.session
            and request.user.has_perm("reseller.change_firstrun")
            and not FirstRun.objects.filter(done_at__isnull=False).exists()
        )
        return redirect("first_run") if due else index(request, *args, **kwargs)

    return first


@never_cache
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """All checks; what has to be asked for elsewhere comes after the page, or with it for `?all`."""
    _may(request, "view")
    request.session[_SHOWN] = True
    return _page(request)


@never_cache
@require_GET
def part(request: HttpRequest, name: str) -> HttpResponse:
    """One group of checks, for htmx."""
    _may(request, "view")
    if name not in BY_NAME:
        raise Http404
    return TemplateResponse(request, "admin/first_run/group.html", {"group": _shown(name, request)})


@require_POST
def rate_units(request: HttpRequest) -> HttpResponse:
    """The answer to what a rate buys."""
    _may(request, "change")
    form = UnitsForm(request.POST, questions=prices.questions())
    if not form.is_valid():
        return _page(request, units=form)
    now = timezone.now()
    with transaction.atomic():
        changed = sum(set_rate_unit(entity=entity, unit=unit, now=now) for entity, unit in form.cleaned_data.items())
        answers = ", ".join(f"{entity}: {unit}" for entity, unit in form.cleaned_data.items())
        _note(request, f"What a rate buys. {answers}. {changed} services changed.")
    messages.success(request, f"Noted. {changed:,} services have another unit now." if changed else "Noted.")
    return _back("prices")


@require_POST
def markup(request: HttpRequest) -> HttpResponse:
    """The percentage on everything."""
    _may(request, "change")
    form = MarkupForm(request.POST)
    if not form.is_valid():
        return _page(request, markup=form)
    given = form.cleaned_data
    with transaction.atomic():
        changed = set_markup(now=timezone.now(), **given)
        words = f"Services {given['services']}%, numbers {given['numbers']}%. {changed} prices changed."
        _note(request, f"Mark-up. {words}")
    messages.success(request, f"{changed:,} prices changed. Orders that are placed already keep theirs.")
    return _back("prices")


@require_POST
def letter(request: HttpRequest) -> HttpResponse:
    """A test letter to whoever asks for it."""
    _may(request, "change")
    operator: Any = request.user  # a User: the admin asks for a log-in
    try:
        send_letter(to=operator, now=timezone.now())
    except LetterFailed as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"The mail server took a letter to {operator.email}. See if it comes.")
        _note(request, "Sent a test letter.")
    return _back("shop")


@require_POST
def sync(request: HttpRequest) -> HttpResponse:
    """Have a worker copy the catalogue and the numbers."""
    _may(request, "change")
    try:
        catalog_tasks.sync.apply_async(expires=60, retry=False)
        sms_tasks.sync_numbers.apply_async(expires=60, retry=False)
    except (OperationalError, OSError) as error:
        messages.error(request, f"The broker can't be reached ({type(error).__name__}): no worker was told.")
    else:
        _note(request, "Asked for a sync.")
        messages.success(request, "A worker copies the catalogue and the numbers now.")
        request.session["first_run_sync_until"] = timezone.now().timestamp() + 60
    return _back("catalogue")


@require_POST
def done(request: HttpRequest) -> HttpResponse:
    """Nothing is in the way of selling: the page no longer comes by itself."""
    _may(request, "change")
    operator: Any = request.user
    stops = in_the_way(look_at_all(operator))
    if stops:
        names = ", ".join(result.title.lower() for result in stops)
        messages.error(request, f"Not yet: {names}. Until then this page comes first whenever you log in.")
        return _back()
    with transaction.atomic():
        FirstRun.objects.update_or_create(pk=1, defaults={"done_at": timezone.now(), "done_by": operator})
        _note(request, "The first run is done.")
    messages.success(request, "The shop is ready. This page stays under “First run”.")
    return redirect("admin:index")


# Below first-run/ in the admin, each with its name.
URLS: list[tuple[str, str, View]] = [
    ("", "first_run", page),
    ("part/<slug:name>/", "first_run_part", part),
    ("rate-units/", "first_run_rate_units", rate_units),
    ("mark-up/", "first_run_markup", markup),
    ("letter/", "first_run_letter", letter),
    ("sync/", "first_run_sync", sync),
    ("done/", "first_run_done", done),
]


def _page(request: HttpRequest, *, units: UnitsForm | None = None, markup: MarkupForm | None = None) -> HttpResponse:
    questions = prices.questions()
    rule, number_rule = prices.first_rule(), prices.first_number_rule()
    percents = {
        # In text: a form shows the Decimal 30, normalized, as 3E+1.
        "services": f"{rule.percent.normalize():f}" if rule else None,
        "numbers": f"{number_rule.percent.normalize():f}" if number_rule else None,
    }
    units = units or UnitsForm(questions=questions)
    at_once = "all" in request.GET
    context = {
        **admin.site.each_context(request),
        "title": "First run",
        "groups": [
            {"name": group.name, "title": group.title, "later": True}
            if group.slow and not at_once
            else _shown(group.name, request)
            for group in GROUPS
        ],
        "questions": [(question, units[question.entity]) for question in questions],
        "markup_form": markup or MarkupForm(initial=percents),
        "example": prices.typical(),
        "first_run": FirstRun.objects.filter(pk=1).first(),
        "may_change": request.user.has_perm("reseller.change_firstrun"),
        "shop_url": settings.SHOP_URL,
    }
    return TemplateResponse(request, "admin/first_run/page.html", context)


def _shown(name: str, request: HttpRequest) -> dict[str, Any]:
    """A group as the templates read it."""
    group = BY_NAME[name]
    operator: Any = request.user
    results = group.look(operator)
    waits = timezone.now().timestamp() < request.session.get("first_run_sync_until", 0)
    busy = name == "catalogue" and (work.under_way() or (waits and _not_copied(results)))
    return {
        "name": group.name,
        "title": group.title,
        "lines": [(result, pill(*_PILLS[result.state])) for result in results],
        "again": busy,
    }


def _not_copied(results: list[Result]) -> bool:
    return any(result.state == State.WRONG for result in results)


def _may(request: HttpRequest, what: str) -> None:
    if not request.user.has_perm(f"reseller.{what}_firstrun"):
        raise PermissionDenied


def _note(request: HttpRequest, text: str) -> None:
    """An entry in the record of staff."""
    record.note(kind=StaffAct.Kind.ACT, said=text, row=FirstRun(pk=1), request=request)


def _back(anchor: str = "") -> HttpResponse:
    return HttpResponseRedirect(reverse("first_run") + (f"#{anchor}" if anchor else ""))
