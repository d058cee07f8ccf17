"""Place the runs of plans as they fall due.

A run is placed once the one before it is with the vendor and its interval has passed since then: while the vendor
is away, or an order waits for an operator, runs don't pile up behind it, and afterwards they don't burst out.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from accounts import suspensions
from catalog import blocked
from catalog.models import Service
from catalog.pricing import Quote, cost_of, quote
from catalog.search import on_shelf
from conduct import note, watch
from core.context import about
from core.money import EXACT, MICRO, round_up
from orders import place as placing
from orders import states
from orders.models import Order, Plan, new_reference
from orders.plans import stop
from orders.shown import WAITING
from wallet import ledger

log = logging.getLogger(__name__)

BATCH = 100
# How soon one that could not be placed is tried again.
AGAIN = timedelta(minutes=1)
# After this it is not tried any more.
LONGEST_WAIT = timedelta(days=1)
# A run that is so little early is in time: an order is accepted a moment after it was placed.
SLACK = timedelta(seconds=30)


def run_due(*, now: datetime) -> int:
    """Place the next run of every plan that is due, the longest due first; returns how many were looked at."""
    due = Plan.objects.filter(state=Plan.State.ACTIVE, next_run_at__lte=now).order_by("next_run_at")
    found = list(due.values_list("pk", flat=True)[:BATCH])
    for plan_id in found:
        try:
            with about(plan_id=plan_id):
                run(plan_id=plan_id, now=now)
        except Exception:
            # One that breaks must not keep the others back; it is late, and `AGAIN` keeps it from being first.
            log.exception("plan %s: its run could not be placed", plan_id)
            Plan.objects.filter(pk=plan_id, state=Plan.State.ACTIVE).update(next_run_at=now + AGAIN)
    return len(found)


def run(*, plan_id: int, now: datetime) -> Order | None:
    """Place the plan's next run if it is due and nothing is in its way."""
    with transaction.atomic():
        plan = Plan.objects.select_for_update().get(pk=plan_id)
        if plan.state != Plan.State.ACTIVE or plan.next_run_at is None or plan.next_run_at > now:
            return None
        last = plan.orders.order_by("-run").first()
        if last is not None and last.accepted_at is not None and last.accepted_at + plan.every - SLACK > now:
            _postpone(plan, last.accepted_at + plan.every)
            return None
        service = on_shelf().filter(pk=plan.service_id).first()
        over = _over(plan, last, service) or _forbidden(plan, now)
        if over:
            stop.end(plan, over, now=now)
            return None
        if service is None or _must_wait(plan, last, service, now):
            _wait(plan, now)
            return None
        return place(plan, service, now=now)


def _over(plan: Plan, last: Order | None, service: Service | None) -> Plan.Reason | None:
    """Why no run can follow any more, where none can. `service` is None when it is not on the shelf."""
    if last is not None and last.state == states.REJECTED:
        return Plan.Reason.REFUSED
    if service is None:
        if blocked.reason(plan.service_id) is not None:
            return Plan.Reason.NOT_ALLOWED
        # One that was only suspended comes back.
        suspended = Service.objects.filter(pk=plan.service_id, state=Service.State.SUSPENDED).exists()
        return None if suspended else Plan.Reason.SERVICE_GONE
    if not service.min <= plan.quantity <= service.max:
        return Plan.Reason.BAD_QUANTITY
    return None


def _forbidden(plan: Plan, now: datetime) -> Plan.Reason | None:
    """Whether the plan's link is on the blocklist by now."""
    block = watch.now().find(plan.link)
    if block is None:
        return None
    note.hit(block=block, customer=plan.customer, what=plan.link, now=now)
    return Plan.Reason.NOT_ALLOWED


def _must_wait(plan: Plan, last: Order | None, service: Service, now: datetime) -> bool:
    """Whether the run before has not gone out, there is too little in stock, or the customer may not buy."""
    if last is not None and last.state in WAITING:
        return True
    if service.stock is not None and service.stock < plan.quantity:
        return True
    # An account that is closed buys no more than one that is suspended.
    return not plan.customer.is_active or suspensions.found(plan.customer_id, suspensions.PURCHASE, now=now) is not None


def place(plan: Plan, service: Service, *, form_key: str = "", now: datetime) -> Order:
    """Make the plan's next run an order, paid for by its part of the plan's hold. The plan's row is locked."""
    reference = new_reference()
    hold = ledger.split(hold=plan.hold, amount=plan.charge, key=f"order:{reference}:hold", now=now)
    plan.placed += 1
    order = placing.create(
        reference=reference,
        customer=plan.customer,
        service=service,
        offer=_agreed(plan, service),
        link=plan.link,
        hold=hold,
        form_key=form_key,
        plan=plan,
        run=plan.placed,
        now=now,
    )
    plan.waits_since = None
    plan.changed_at = now
    if plan.left:
        plan.next_run_at = now + plan.every
    else:
        plan.state = Plan.State.DONE
        plan.next_run_at = None
        plan.finished_at = now
    plan.save()
    log.info("plan %s: run %s of %s is order %s", plan.pk, plan.placed, plan.runs, order.pk)
    return order


def _agreed(plan: Plan, service: Service) -> Quote:
    """What was agreed on when the plan began, with the cost of today.

    With the rate of then a cost that rose since is seen as such, and the run held back where it would be a loss.
    """
    rate, price = (
        round_up(EXACT.divide(EXACT.multiply(each, service.unit), plan.unit), MICRO) for each in (plan.rate, plan.price)
    )
    then = quote(service_id=service.pk, quantity=plan.quantity, rate=rate, price=price, unit=service.unit)
    return replace(then, cost=cost_of(service, plan.quantity), charge=plan.charge)


def _wait(plan: Plan, now: datetime) -> None:
    """Something is in the way that may pass by itself; not for ever."""
    if plan.waits_since is not None and now - plan.waits_since > LONGEST_WAIT:
        stop.end(plan, Plan.Reason.WAITED, now=now)
        return
    plan.waits_since = plan.waits_since or now
    _postpone(plan, now + AGAIN)


def _postpone(plan: Plan, until: datetime) -> None:
    plan.next_run_at = until
    plan.save(update_fields=["next_run_at", "waits_since"])
