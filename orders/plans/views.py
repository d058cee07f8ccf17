"""A customer's plans: the list, one plan with its runs, and pausing, going on, stopping."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.models import User
from accounts.signed_in import signed_in
from core.money import show
from orders import shown
from orders.models import Plan
from orders.plans import pause, stop
from orders.plans.shown import figures

PAGE = 30
# The newest runs on a plan's page; the list of orders has all.
RUNS = 50


@signed_in
@never_cache
def plan_list(request: HttpRequest) -> HttpResponse:
    """The customer's plans, newest first; `before` walks back from a plan's number."""
    plans = Plan.objects.filter(customer=_customer(request)).select_related("hold").order_by("-pk")
    before = request.GET.get("before", "")
    paged = before.isascii() and before.isdigit() and len(before) < 19
    if paged:
        plans = plans.filter(pk__lt=int(before))
    found = list(plans[: PAGE + 1])
    rows = found[:PAGE]
    standing = figures(rows)
    return render(
        request,
        "orders/plans.html",
        {
            "rows": [(plan, standing[plan.pk]) for plan in rows],
            "next_before": rows[-1].pk if len(found) > PAGE else None,
            "paged": paged,
        },
    )


@signed_in
@never_cache
@vary_on_headers("HX-Request")
def detail(request: HttpRequest, plan_id: int) -> HttpResponse:
    """One plan. A page that is open asks again with the `since` it has, and gets 204 while nothing is new."""
    mine = Plan.objects.filter(customer=_customer(request)).select_related("hold", "service__category")
    plan = get_object_or_404(mine, pk=plan_id)
    now = timezone.now()
    runs = [
        shown.look(order, now=now)
        for order in shown.of_customer(_customer(request)).filter(plan=plan).order_by("-run")[:RUNS]
    ]
    standing = figures([plan])[plan.pk]
    version = "-".join([str(plan.changed_at.timestamp()), *(row.version for row in runs if row.order.is_open)])
    version = f"{version}-{standing.remains}"
    htmx: Any = request.htmx  # type: ignore[attr-defined]  # by its middleware
    if htmx and request.GET.get("since") == version:
        return HttpResponse(status=204)
    return render(
        request,
        "orders/plan.html",
        {
            "plan": plan,
            "links": shown.is_web_address(plan.link),
            "runs": runs,
            "standing": standing,
            "total_quantity": plan.quantity * plan.runs,
            "percent": 100 * standing.delivered // (plan.quantity * plan.runs),
            "version": version,
            "live": plan.is_open or standing.running,
            "left_charge": plan.charge * plan.left,
        },
    )


@signed_in
@require_POST
def change(request: HttpRequest, plan_id: int, act: str) -> HttpResponse:
    """Pause the plan, let it go on, or stop it."""
    customer, now = _customer(request), timezone.now()
    try:
        match act:
            case "pause":
                pause.pause(plan_id=plan_id, customer=customer, now=now)
                said = _("Paused. No run is placed until you let it go on; its money stays set aside.")
            case "go-on":
                pause.go_on(plan_id=plan_id, customer=customer, now=now)
                said = _("It goes on.")
            case "stop":
                plan = stop.stop(plan_id=plan_id, reason=Plan.Reason.BY_CUSTOMER, customer=customer, now=now)
                said = _("Stopped. %(amount)s of runs that were not placed are yours again.") % {
                    "amount": show(plan.charge * plan.left)
                }
            case _:
                raise Http404
    except Plan.DoesNotExist:
        raise Http404 from None
    except stop.CantChange as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return redirect("orders:plan", plan_id)


def _customer(request: HttpRequest) -> User:
    user: Any = request.user  # a User: every view here asks for a log-in first
    return user
