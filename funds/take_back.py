"""A payment that its provider took back: the balance gives back what it can, the rest is a debt."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from core.alerts import alert, resolve
from core.models import Alert
from core.money import CURRENCY, EXACT, ZERO, round_up, show
from funds import debts
from funds.hear import hear, review
from funds.models import Debt, TopUp
from funds.offer import CENT
from funds.words import Provider, Reversal
from wallet import ledger


def take_back(reversal: Reversal, *, provider: Provider, now: datetime) -> Debt | None:
    """Act on a refund or dispute, once, in whatever order its notices come.

    What is available of the credit and the bonus that the payment brought goes back at once, the rest as soon as
    there is a balance. A dispute that the shop wins gives it all back. A payment that was not credited yet is credited
    first. Raises `Away`.
    """
    top_up = _of(reversal)
    if top_up is None:
        # Its own notice was missed, or comes after this one.
        word = provider.find(reversal.payment_id)
        if word is not None:
            hear(word, now=now)
            top_up = _of(reversal)
    if top_up is None or reversal.currency != CURRENCY:
        _unknown(reversal, now)
        return None
    with transaction.atomic():
        top_up = TopUp.objects.select_for_update(of=["self"]).select_related("customer", "method").get(pk=top_up.pk)
        if top_up.state != TopUp.State.PAID:
            if top_up.state == TopUp.State.REVIEW:
                review(top_up, f"Before it was credited, {show(reversal.amount)} of it were taken back.", now=now)
            return None
        ledger.locked(ledger.account_of(top_up.customer))
        if reversal.kind == Debt.Kind.REFUND:
            return _refunded(top_up, reversal, now)
        return _disputed(top_up, reversal, now)


def _of(reversal: Reversal) -> TopUp | None:
    return TopUp.objects.filter(variant=reversal.variant, payment_id=reversal.payment_id).order_by("pk").first()


def _refunded(top_up: TopUp, reversal: Reversal, now: datetime) -> Debt | None:
    """Its notice says what was refunded altogether: new is what no notice told before."""
    known = top_up.debts.filter(kind=Debt.Kind.REFUND).aggregate(taken=Sum("taken"))["taken"] or ZERO
    new = reversal.amount - known
    if new <= ZERO:
        return None
    return _owe(top_up, reversal, taken=new, key=f"{reversal.variant}:{reversal.matter}:{reversal.amount}", now=now)


def _disputed(top_up: TopUp, reversal: Reversal, now: datetime) -> Debt:
    key = f"{reversal.variant}:{reversal.matter}"
    debt = Debt.objects.select_for_update(of=["self"]).select_related("customer").filter(key=key).first()
    if debt is None:
        debt = _owe(top_up, reversal, taken=reversal.amount, key=key, now=now)
    elif reversal.won and debt.state != Debt.State.RETURNED:
        if debt.paid:
            ledger.deposit(
                account=ledger.account_of(debt.customer),
                amount=debt.paid,
                key=f"debt:{debt.pk}:returned",
                memo=f"Top-up {top_up.pk}",
                now=now,
            )
        debt.state, debt.closed_at = Debt.State.RETURNED, now
        debt.save(update_fields=["state", "closed_at"])
        resolve(key=debts.key_of(debt), now=now)
        debts.pay(customer=debt.customer, cause=f"returned:{debt.pk}", now=now)
    return debt


def _owe(top_up: TopUp, reversal: Reversal, *, taken: Decimal, key: str, now: datetime) -> Debt:
    debt = Debt(
        key=key,
        top_up=top_up,
        customer=top_up.customer,
        kind=reversal.kind,
        taken=taken,
        amount=_share(top_up, taken),
        created_at=now,
    )
    if reversal.won:  # the end was told before the beginning
        debt.state, debt.closed_at = Debt.State.RETURNED, now
        debt.save()
        return debt
    if debt.amount == ZERO:  # all of it was taken back before
        debt.state, debt.closed_at = Debt.State.PAID, now
    debt.save()
    if debt.state == Debt.State.OPEN:
        debts.take(debt, cause="first", now=now)
    _tell(debt, now)
    return debt


def _share(top_up: TopUp, taken: Decimal) -> Decimal:
    """USD of the balance for `taken` of the payment, in whole cents; all debts together never more than it brought."""
    received = top_up.received or top_up.total
    share = round_up(EXACT.divide(EXACT.multiply(top_up.brought, taken), received), CENT)
    before = top_up.debts.exclude(state=Debt.State.RETURNED).aggregate(sum=Sum("amount"))["sum"] or ZERO
    return min(share, max(top_up.brought - before, ZERO))


def _tell(debt: Debt, now: datetime) -> None:
    missing = debt.left
    alert(
        key=debts.key_of(debt),
        subject=f"{show(debt.taken)} of a payment by {debt.customer} were taken back",
        detail=f"{debt.get_kind_display()}: {debt.key}. {show(debt.paid)} came out of the balance"
        + (f"; {show(missing)} are owed, and later deposits pay them first." if missing else "."),
        severity=Alert.Severity.CRITICAL if missing else Alert.Severity.WARNING,
        now=now,
    )


def _unknown(reversal: Reversal, now: datetime) -> None:
    alert(
        key=f"reversal:{reversal.variant}:{reversal.matter}"[:200],
        subject="A payment was taken back that the shop can't tell",
        detail=f"{reversal.variant}: {reversal.matter}, {reversal.amount} {reversal.currency} of "
        f"{reversal.payment_id}. No balance was touched: if it concerns a customer, adjust it by hand.",
        severity=Alert.Severity.CRITICAL,
        now=now,
    )
