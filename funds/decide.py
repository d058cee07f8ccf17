"""An operator decides about a top-up: what came is credited, or it is refused."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from core.alerts import resolve
from funds import hear
from funds.models import TopUp
from funds.offer import for_received


class CantDecide(Exception):
    """The top-up is not in a state for it, or can't be credited; says why, for the operator."""


def would_credit(top_up: TopUp, received: Decimal) -> tuple[Decimal, Decimal]:
    """(credit, bonus) in USD for what came. Raises `CantDecide`."""
    amount, bonus = for_received(top_up.terms, received)
    if received <= 0 or amount <= 0:
        raise CantDecide("Nothing would be credited. Enter what came, in USD.")
    return amount, bonus


def approve(*, top_up_id: int, received: Decimal, operator: User, now: datetime) -> TopUp:
    """Credit what came, in USD, at the top-up's own terms. A second time is an error. Raises `CantDecide`."""
    with transaction.atomic():
        top_up = _locked(top_up_id)
        would_credit(top_up, received)
        top_up.decided_by = operator
        payment = top_up.transaction_id or top_up.token
        if not hear.credit(top_up, received=received, transaction_id=payment, now=now):
            raise CantDecide(top_up.note)
        return top_up


def refuse(*, top_up_id: int, operator: User, reason: str, now: datetime) -> TopUp:
    """End it without credit; the customer reads the reason. Raises `CantDecide`."""
    with transaction.atomic():
        top_up = _locked(top_up_id)
        if top_up.state == TopUp.State.REFUSED:
            raise CantDecide("It was refused before.")
        top_up.state, top_up.reason, top_up.decided_by = TopUp.State.REFUSED, reason[:500], operator
        top_up.next_check_at, top_up.changed_at = None, now
        top_up.save(update_fields=["state", "reason", "decided_by", "next_check_at", "changed_at"])
        resolve(key=f"topup:{top_up.pk}", now=now)
        return top_up


def _locked(top_up_id: int) -> TopUp:
    top_up = TopUp.objects.select_for_update(of=["self"]).select_related("customer", "method").get(pk=top_up_id)
    if top_up.state == TopUp.State.PAID:
        raise CantDecide("It was credited before.")
    return top_up
