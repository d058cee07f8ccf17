"""Prove the books. Reports, and never repairs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When, Window
from django.db.models.functions import Coalesce, Lag

from core.money import MoneyField
from wallet import guards
from wallet.models import Account, Hold, Transfer

# Past this many of one kind, more rows tell nothing new.
SHOWN = 50
_NOTHING = Value(Decimal(0), output_field=MoneyField())
_SIGNED = Case(When(target=F("customer"), then=F("amount")), default=-F("amount"), output_field=MoneyField())


# Where each kind of transfer comes from and where it goes to; only operators' adjustments go both ways.
_CUSTOMER = Account.Kind.CUSTOMER
_WAYS = [
    (Transfer.Kind.DEPOSIT, Account.Kind.PAYMENTS, _CUSTOMER),
    (Transfer.Kind.CAPTURE, _CUSTOMER, Account.Kind.SALES),
    (Transfer.Kind.REFUND, Account.Kind.SALES, _CUSTOMER),
    (Transfer.Kind.ADJUSTMENT, Account.Kind.ADJUSTMENTS, _CUSTOMER),
    (Transfer.Kind.ADJUSTMENT, _CUSTOMER, Account.Kind.ADJUSTMENTS),
    (Transfer.Kind.BONUS, Account.Kind.PROMOTIONS, _CUSTOMER),
    (Transfer.Kind.CHARGEBACK, _CUSTOMER, Account.Kind.PAYMENTS),
]


@dataclass
class Findings:
    """What was looked at, and what does not add up."""

    accounts: int
    transfers: int
    open_holds: int
    problems: list[str] = field(default_factory=list)


def findings() -> Findings:
    """Compare every account with its transfers and holds, and every hold with its transfers."""
    found = Findings(
        accounts=Account.objects.count(),
        transfers=Transfer.objects.count(),
        open_holds=Hold.objects.filter(state=Hold.State.OPEN).count(),
    )
    if not guards.present(connection):
        found.problems.append("the append-only triggers on transfers are missing: run `manage.py migrate`")
    for look in (_balances, _running_balances, _ways, _holds, _other_peoples_holds):
        found.problems += look()
    return found


def _total(rows: QuerySet[Any], amount: Any, by: str) -> Coalesce:
    """The sum of `amount` over `rows` for the outer row, nothing when there are none."""
    sums = rows.filter(**{by: OuterRef("pk")}).order_by().values(by).annotate(total=Sum(amount)).values("total")
    return Coalesce(Subquery(sums, output_field=MoneyField()), _NOTHING)


def _balances() -> Iterator[str]:
    accounts = Account.objects.filter(kind=Account.Kind.CUSTOMER).annotate(
        moved=_total(Transfer.objects.all(), _SIGNED, "customer"),
        spoken_for=_total(Hold.objects.filter(state=Hold.State.OPEN), "amount", "account"),
    )
    for account in accounts.exclude(balance=F("moved"))[:SHOWN]:
        yield f"account {account.pk}: balance {account.balance}, but its transfers come to {account.moved}"
    for account in accounts.exclude(held=F("spoken_for"))[:SHOWN]:
        yield f"account {account.pk}: held {account.held}, but its open holds come to {account.spoken_for}"


def _running_balances() -> Iterator[str]:
    """Every transfer's `balance_after` must be its predecessor's plus itself."""
    transfers = Transfer.objects.order_by().annotate(
        expected=Coalesce(
            Window(Lag("balance_after"), partition_by="customer", order_by="id"),
            _NOTHING,
            output_field=MoneyField(),
        )
        + _SIGNED
    )
    for transfer in transfers.exclude(balance_after=F("expected"))[:SHOWN]:
        yield f"transfer {transfer.key}: left {transfer.balance_after} where its predecessor leads elsewhere"


def _ways() -> Iterator[str]:
    """Every transfer must run between the accounts that its kind is for, and stand in its customer's statement."""
    honest = Q()
    for kind, source, target in _WAYS:
        honest |= Q(kind=kind, source__kind=source, target__kind=target)
    honest &= Q(customer__kind=_CUSTOMER)
    for transfer in Transfer.objects.exclude(honest).select_related("source", "target")[:SHOWN]:
        yield f"transfer {transfer.key}: a {transfer.kind} from {transfer.source.kind} to {transfer.target.kind}"


def _other_peoples_holds() -> Iterator[str]:
    """What is captured or refunded must concern a hold on the very account that it moves."""
    strange = Transfer.objects.filter(hold__isnull=False).exclude(hold__account=F("customer"))
    ends = strange.values_list("key", "customer_id", "hold__key", "hold__account_id")
    for key, account, hold, owner in ends[:SHOWN]:
        yield f"transfer {key}: moves money of account {account}, but its hold {hold} is on account {owner}"


def _holds() -> Iterator[str]:
    holds = Hold.objects.annotate(
        sold=_total(Transfer.objects.filter(kind=Transfer.Kind.CAPTURE), "amount", "hold"),
        returned=_total(Transfer.objects.filter(kind=Transfer.Kind.REFUND), "amount", "hold"),
    )
    wrong = holds.filter(~Q(captured=F("sold")) | ~Q(refunded=F("returned")))
    for hold in wrong[:SHOWN]:
        yield (
            f"hold {hold.key}: captured {hold.captured} and refunded {hold.refunded}, "
            f"but its transfers come to {hold.sold} and {hold.returned}"
        )
