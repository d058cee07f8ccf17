"""Whose money a purchase takes: may they buy now, and do they owe nothing? One query where nothing is in the way."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from accounts import suspensions
from accounts.models import User
from core.prepared import ID, MOMENT, Prepared, given
from funds import debts
from notices.tell import watched
from wallet import ledger, permit
from wallet.models import Account


def account_for(*, customer: User, amount: Decimal, cause: str, now: datetime) -> Account:
    """The account that a purchase of `amount` USD is paid from; what its owner owes is collected first.

    To be called in the purchase's transaction, before its money is set aside; `cause` makes a repeat harmless. The
    account is as it was before anything was collected. Raises `permit.NotPermitted`.
    """
    account: Any = _PAYER.first(customer=customer.pk, now=now)
    if account is None or account.is_shut:
        permit.not_shut(customer=customer, now=now)
    permit.within_limits(customer=customer, amount=amount, now=now)
    if account is None or account.owes:
        debts.pay(customer=customer, cause=cause, now=now)
    return account or ledger.account_of(customer)


def _payer() -> QuerySet[Account]:
    shut = suspensions.shuts(suspensions.PURCHASE, customer="owner_id", now=given("now", MOMENT))
    owes = Exists(debts.open_ones().filter(customer=OuterRef("owner_id")))
    accounts = Account.objects.filter(owner_id=given("customer", ID))
    # `wallet.ledger` needs to look at a mark that was passed only where there is one.
    return accounts.annotate(is_shut=shut, owes=owes, is_watched=watched("owner_id")).order_by()


_PAYER = Prepared(_payer)
