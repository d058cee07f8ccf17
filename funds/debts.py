"""Collect what customers owe for payments that were taken back: from what is available, never below zero.

Locks are taken in one order everywhere: the customer's account, then their debts.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet, Sum

from accounts.models import User
from core.alerts import resolve
from core.money import ZERO
from core.prepared import ID, Prepared, given
from funds.models import Debt
from wallet import ledger


def open_ones() -> QuerySet[Debt]:
    """What anybody owes still."""
    return Debt.objects.filter(state=Debt.State.OPEN)


_OWES = Prepared(lambda: open_ones().filter(customer_id=given("customer", ID)).order_by().values_list("pk"))


class CantCollect(Exception):
    """Nothing can be collected; says why, for the operator."""


def owed(customer: User) -> Decimal:
    """USD that the customer owes altogether."""
    sums = Debt.objects.filter(customer=customer, state=Debt.State.OPEN).aggregate(owed=Sum("amount"), paid=Sum("paid"))
    return (sums["owed"] or ZERO) - (sums["paid"] or ZERO)


def pay(*, customer: User, cause: str, now: datetime) -> None:
    """Pay open debts, the oldest first, out of what is available. `cause` makes a repeat harmless.

    Called with each deposit, and before a purchase sets money aside: what was on hold when a payment was taken back,
    and came free since, is owed before it can be spent.
    """
    if not _OWES.all(customer=customer.pk):
        return
    with transaction.atomic():
        ledger.locked(ledger.account_of(customer))
        open_ones = Debt.objects.filter(customer=customer, state=Debt.State.OPEN)
        for debt in open_ones.order_by("pk").select_for_update():
            take(debt, cause=cause, now=now)


def take(debt: Debt, *, cause: str, now: datetime) -> Decimal:
    """Take what is available for a locked debt; USD taken. Closes the debt when that is all of it."""
    account = ledger.locked(ledger.account_of(debt.customer))
    amount = min(account.available, debt.left)
    if amount > ZERO:
        ledger.chargeback(
            account=account,
            amount=amount,
            key=f"debt:{debt.pk}:{cause}",
            memo=f"Top-up {debt.top_up_id}",
            now=now,
        )
        debt.paid += amount
    if debt.paid == debt.amount:
        debt.state, debt.closed_at = Debt.State.PAID, now
        resolve(key=key_of(debt), now=now)
    debt.save(update_fields=["paid", "state", "closed_at"])
    return amount


def collect(*, debt_id: int, now: datetime) -> Decimal:
    """An operator collects what is available by now; USD taken. Raises `CantCollect`."""
    with transaction.atomic():
        debt = _open(debt_id)
        taken = take(debt, cause=f"at:{now.timestamp():.6f}", now=now)
        if taken == ZERO:
            raise CantCollect("Nothing is available: the customer's balance is empty or on hold.")
        return taken


def forgive(*, debt_id: int, operator: User, reason: str, now: datetime) -> Debt:
    """An operator lets the customer off what is left. Raises `CantCollect`."""
    with transaction.atomic():
        debt = _open(debt_id)
        debt.state, debt.reason, debt.decided_by, debt.closed_at = Debt.State.FORGIVEN, reason[:500], operator, now
        debt.save(update_fields=["state", "reason", "decided_by", "closed_at"])
        resolve(key=key_of(debt), now=now)
        return debt


def key_of(debt: Debt) -> str:
    """The key of the debt's alert."""
    return f"debt:{debt.pk}"


def _open(debt_id: int) -> Debt:
    ledger.locked(ledger.account_of(User.objects.get(debts=debt_id)))
    debt = Debt.objects.select_for_update(of=["self"]).select_related("customer").get(pk=debt_id)
    if debt.state != Debt.State.OPEN:
        raise CantCollect("This debt is closed.")
    return debt
