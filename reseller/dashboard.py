"""The first page of the admin: whether the shop is healthy, what waits for a person, and what was earned."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db import DatabaseError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from redis import RedisError

from catalog.models import Service
from core.admin_base import NOTHING, moment
from core.models import Alert
from desk.models import Request
from funds.models import TopUp
from orders import states
from orders.models import Order
from reconcile.models import Finding, Run
from reseller.dashboard_health import signs
from reseller.dashboard_money import earnings
from sms import states as sms_states
from sms.models import Purchase
from upstream.forwarding import BelowCost
from upstream.pace import current_pace
from upstream.probe import WORDS


class Matter(NamedTuple):
    """A kind of thing that may wait for a person, who may see it, and its list."""

    title: str
    permission: str
    changelist: str
    query: str
    rows: Callable[[], QuerySet[Any]]


def _held(model: type[Order] | type[Purchase]) -> QuerySet[Any]:
    return model._default_manager.filter(state=states.PLACED, below_cost=BelowCost.HELD)


MATTERS = (
    Matter(
        *("Open alerts", "core.view_alert", "core_alert", ""),
        lambda: Alert.objects.filter(resolved_at=None),
    ),
    Matter(
        *("Findings", "reconcile.view_finding", "reconcile_finding", ""),
        lambda: Finding.objects.filter(closed_at=None),
    ),
    Matter(
        *("Uncertain orders", "orders.view_order", "orders_order", f"?state__exact={states.UNCERTAIN}"),
        lambda: Order.objects.filter(state=states.UNCERTAIN),
    ),
    Matter(
        *("Uncertain purchases of numbers", "sms.view_purchase", "sms_purchase"),
        f"?state__exact={sms_states.UNCERTAIN}",
        lambda: Purchase.objects.filter(state=sms_states.UNCERTAIN),
    ),
    Matter(
        *("Orders held back", "orders.view_order", "orders_order", "?state__exact=PLACED&below_cost__exact=HELD"),
        lambda: _held(Order),
    ),
    Matter(
        *("Purchases of numbers held back", "sms.view_purchase", "sms_purchase"),
        "?state__exact=PLACED&below_cost__exact=HELD",
        lambda: _held(Purchase),
    ),
    Matter(
        *("New services to review", "catalog.view_service", "catalog_service", "?held__exact=1"),
        lambda: Service.objects.filter(held=True),
    ),
    Matter(
        *("Top-ups to decide on", "funds.view_topup", "funds_topup", "?state__in=CHECKING,REVIEW"),
        lambda: TopUp.objects.filter(state__in=TopUp.WAITING_FOR_US),
    ),
    Matter(
        *("Requests of customers", "desk.view_request", "desk_request", "?state__exact=OPEN"),
        lambda: Request.objects.filter(state=Request.State.OPEN),
    ),
)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what waits, each kind with its list, for those who may see it; where nothing does, one line says so."""
    mine = [matter for matter in MATTERS if request.user.has_perm(matter.permission)]
    waiting = [
        {
            "title": matter.title,
            "count": count,
            "link": reverse(f"admin:{matter.changelist}_changelist") + matter.query,
        }
        for matter in mine
        if (count := matter.rows().count())
    ]
    now = timezone.now()
    watches = request.user.has_perm("core.view_alert")
    vendor = _vendor() if watches else None
    health = signs(now=now) if watches else []
    ill = sum(not sign.well for sign in health)
    counts = request.user.has_perm("books.view_day")
    run = Run.objects.order_by("-pk").first() if request.user.has_perm("reconcile.view_finding") else None
    return {
        **context,
        "title": "Overview",
        "waiting": waiting,
        "vendor": vendor,
        "health": health,
        "ill": ill,
        "quiet": bool(mine) and not waiting,
        "well": not ill and (vendor is None or vendor["well"]),
        "counts": counts,
        "earned": earnings(now=now) if counts else None,
        "run": run,
    }


def _vendor() -> dict[str, Any]:
    """How calls to the vendor stand: a headline, whether it is well, and facts as (name, text)."""
    try:
        weather = current_pace().weather()
    except (RedisError, DatabaseError):
        return {"well": False, "headline": "Nobody can tell: the broker is away.", "facts": []}
    gate = weather.worst
    if weather.since is None:
        return {"well": True, "headline": "Calls flow.", "facts": []}
    what = "Purchases are" if weather.only_purchases else "Calls are"
    next_try = f"in {gate.rests:.0f} s" if gate.rests else "now"
    return {
        "well": False,
        "headline": f"{what} paused: {WORDS.get(gate.word, gate.word)}.",
        "facts": [
            ("State", gate.state),
            ("Since", f"{moment(weather.since)}, after {gate.failures} failures in a row"),
            ("Next try", next_try),
            ("Last failure", gate.reason or NOTHING),
        ],
    }
