"""Stop a plan: the money of the runs that were not placed is free again, and orders that were go their way."""

import logging
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from orders.models import Plan
from wallet import ledger

log = logging.getLogger(__name__)


class CantChange(Exception):
    """The plan has ended, or is in that state already; says so."""


def stop(*, plan_id: int, reason: Plan.Reason, customer: User | None = None, now: datetime) -> Plan:
    """ACTIVE or PAUSED → STOPPED. `customer`: only a plan of theirs.

    Raises `CantChange`, `Plan.DoesNotExist`.
    """
    with transaction.atomic():
        plan = locked(plan_id, customer)
        if not plan.is_open:
            raise CantChange(_("This has ended already."))
        end(plan, reason, now=now)
    return plan


def end(plan: Plan, reason: Plan.Reason, *, now: datetime) -> None:
    """Stop an open plan whose row is locked."""
    ledger.release(hold=plan.hold, now=now)
    plan.state = Plan.State.STOPPED
    plan.reason = reason
    plan.next_run_at = None
    plan.finished_at = plan.changed_at = now
    plan.save()
    log.info("plan %s: stopped after %s of %s runs (%s)", plan.pk, plan.placed, plan.runs, reason)


def locked(plan_id: int, customer: User | None) -> Plan:
    """The plan, locked until the transaction ends. Raises `Plan.DoesNotExist`."""
    plans = Plan.objects.select_for_update()
    return plans.get(pk=plan_id) if customer is None else plans.get(pk=plan_id, customer=customer)
