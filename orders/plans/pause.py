"""Pause a plan and let it go on. Its money stays set aside meanwhile."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from orders.models import Plan
from orders.plans.stop import CantChange, locked


def pause(*, plan_id: int, customer: User | None = None, now: datetime) -> Plan:
    """ACTIVE → PAUSED: no run is placed. Raises `CantChange`, `Plan.DoesNotExist`."""
    with transaction.atomic():
        plan = locked(plan_id, customer)
        if plan.state != Plan.State.ACTIVE:
            raise CantChange(_("It is not running."))
        plan.state = Plan.State.PAUSED
        plan.waits_since = None
        plan.changed_at = now
        plan.save()
    return plan


def go_on(*, plan_id: int, customer: User | None = None, now: datetime) -> Plan:
    """PAUSED → ACTIVE: the next run follows when it is due, or at once. Raises `CantChange`, `Plan.DoesNotExist`."""
    with transaction.atomic():
        plan = locked(plan_id, customer)
        if plan.state != Plan.State.PAUSED:
            raise CantChange(_("It is not paused."))
        plan.state = Plan.State.ACTIVE
        plan.next_run_at = max(plan.next_run_at or now, now)
        plan.changed_at = now
        plan.save()
    return plan
