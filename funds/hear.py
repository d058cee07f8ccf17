"""Act on a provider's word of a payment: the one way in which a payment becomes credit."""

import hashlib
import logging
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from core.alerts import alert, resolve
from core.models import Alert
from core.money import CURRENCY, plain, show
from funds import debts
from funds.models import TopUp
from funds.offer import for_received
from funds.words import Standing, Word
from wallet import ledger

log = logging.getLogger(__name__)
State = TopUp.State


def hear(word: Word, *, now: datetime) -> TopUp | None:
    """Believe `word`, whenever and however often it comes.

    Paid counts in every state, also after the time was over. What was paid in USD is credited as it is, with an alert
    where it is not what was asked; what came in another currency, or unclear, waits for an operator. None when no
    top-up of ours is meant.
    """
    with transaction.atomic():
        top_up = (
            TopUp.objects.select_for_update(of=["self"])
            .select_related("customer", "method")
            .filter(token=word.token, variant=word.variant)
            .first()
        )
        if top_up is None:
            _unknown(word, now)
            return None
        if top_up.state == State.PAID:
            if word.standing in (Standing.PAID, Standing.UNCLEAR) and word.transaction_id != top_up.transaction_id:
                _twice(top_up, word, now)
            elif word.standing == Standing.PAID:
                _more(top_up, word, now)
            return top_up
        if top_up.state == State.REFUSED:
            if word.standing in (Standing.PAID, Standing.UNCLEAR):
                _refused(top_up, word, now)
        elif word.standing == Standing.PAID:
            _paid(top_up, word, now)
        elif word.standing == Standing.UNCLEAR:
            review(top_up, word.detail, now=now)
        elif word.standing == Standing.PROCESSING:
            _move(top_up, State.PROCESSING, {State.OPEN, State.EXPIRED, State.FAILED}, now)
        elif word.standing == Standing.EXPIRED:
            _move(top_up, State.EXPIRED, {State.OPEN, State.PROCESSING}, now)
        elif word.standing == Standing.FAILED:
            _move(top_up, State.FAILED, {State.OPEN, State.PROCESSING}, now)
        return top_up


def _paid(top_up: TopUp, word: Word, now: datetime) -> None:
    top_up.payment_id = word.payment_id or top_up.payment_id
    top_up.save(update_fields=["payment_id"])
    if word.currency != CURRENCY:
        review(top_up, f"{word.received} {word.currency} came, not USD.", now=now)
        return
    if word.received is None or not word.received.is_finite():
        review(top_up, "The provider calls it paid and does not say how much came.", now=now)
        return
    if not top_up.customer.is_active:
        review(top_up, f"{plain(word.received)} USD came after the account was closed.", now=now)
        return
    credit(top_up, received=word.received, transaction_id=word.transaction_id, now=now)


def credit(top_up: TopUp, *, received: Decimal, transaction_id: str, now: datetime) -> bool:
    """Credit what came for a locked top-up, once; False when that can't be and an operator has to look at it."""
    amount, bonus = for_received(top_up.terms, received)
    if amount <= 0:
        review(top_up, f"Only {plain(received)} USD came: nothing to credit.", now=now)
        return False
    account = ledger.account_of(top_up.customer)
    try:
        deposit = ledger.deposit(
            account=account,
            amount=amount,
            key=key_of(top_up.variant, transaction_id),
            memo=f"Top-up {top_up.pk}: {top_up.method.name}",
            now=now,
        )
        if TopUp.objects.filter(deposit=deposit).exclude(pk=top_up.pk).exists():
            raise ledger.KeyReused(deposit.key)
    except ledger.KeyReused:
        review(top_up, f"The payment {transaction_id} was credited before, to another top-up.", now=now)
        return False
    if bonus:
        memo = f"Top-up {top_up.pk}"
        ledger.bonus(account=account, amount=bonus, key=f"topup:{top_up.pk}:bonus", memo=memo, now=now)
    top_up.state = State.PAID
    top_up.received, top_up.credited, top_up.bonus_given, top_up.deposit = received, amount, bonus, deposit
    top_up.transaction_id = transaction_id
    top_up.next_check_at, top_up.changed_at = None, now
    top_up.save()
    resolve(key=_key(top_up), now=now)
    if received != top_up.total:
        alert(
            key=_key(top_up),
            subject=f"{top_up}: {show(received)} came, {show(top_up.total)} were asked",
            detail=f"{show(amount)} were credited to {top_up.customer}, and {show(bonus)} as a bonus. Nothing has to "
            "be done, unless you want to even it out by an adjustment.",
            severity=Alert.Severity.INFO,
            now=now,
        )
    debts.pay(customer=top_up.customer, cause=f"topup:{top_up.pk}", now=now)
    return True


def review(top_up: TopUp, why: str, *, now: datetime) -> None:
    """Leave a locked top-up to an operator; no money moves."""
    if top_up.state == State.REVIEW and top_up.note == why[:500]:
        return
    top_up.state, top_up.note, top_up.next_check_at, top_up.changed_at = State.REVIEW, why[:500], None, now
    top_up.save(update_fields=["state", "note", "next_check_at", "changed_at"])
    alert(
        key=_key(top_up),
        subject=f"{top_up} of {top_up.customer} waits for you",
        detail=f"{why} Compare it with {top_up.method.get_provider_display()}, then credit what came, or refuse it.",
        severity=Alert.Severity.CRITICAL,
        now=now,
    )


def _move(top_up: TopUp, state: str, before: set[TopUp.State], now: datetime) -> None:
    if top_up.state in before:
        top_up.state, top_up.changed_at = state, now
        top_up.save(update_fields=["state", "changed_at"])


def _unknown(word: Word, now: datetime) -> None:
    """A payment for a top-up that we don't have: of a database that was put back, or not ours at all."""
    if word.standing not in (Standing.PAID, Standing.UNCLEAR):
        return
    alert(
        key=f"topup:{word.variant}:{word.transaction_id}"[:200],
        subject="A payment came for a top-up that the shop does not know",
        detail=f"{word.variant} says that {word.transaction_id} is paid: {word.received} {word.currency}. Nothing was "
        "credited. If the database was put back from a backup, adjust the customer's balance by hand.",
        severity=Alert.Severity.CRITICAL,
        now=now,
    )


def _twice(top_up: TopUp, word: Word, now: datetime) -> None:
    alert(
        key=f"topup:{word.variant}:{word.transaction_id}"[:200],
        subject=f"{top_up} of {top_up.customer} was paid a second time",
        detail=f"It is credited for {top_up.transaction_id}; {word.transaction_id} came on top: {word.received} "
        f"{word.currency}. Nothing was credited for that: pay it back, or adjust the balance.",
        severity=Alert.Severity.CRITICAL,
        now=now,
    )


def _more(top_up: TopUp, word: Word, now: datetime) -> None:
    """The same payment is worth more by now than what was credited: a part came after an operator had decided."""
    came, known = word.received, top_up.received
    if came is None or known is None or not came.is_finite() or came <= known:
        return
    alert(
        key=f"topup:{word.variant}:{word.transaction_id}"[:200],
        subject=f"More came for {top_up} of {top_up.customer} after it was credited",
        detail=f"{word.transaction_id}: {plain(came)} {word.currency} altogether, and {plain(known)} USD were reckoned "
        "with. Nothing was credited for the rest: adjust the balance, or pay it back.",
        severity=Alert.Severity.CRITICAL,
        now=now,
    )


def _refused(top_up: TopUp, word: Word, now: datetime) -> None:
    """What an operator decided stays decided."""
    alert(
        key=f"topup:{top_up.pk}:refused",
        subject=f"{top_up} of {top_up.customer} was refused, and is called paid",
        detail=f"{word.transaction_id}: {word.received} {word.currency}. {word.detail} Nothing was credited: credit it "
        "in the admin, or pay it back.",
        now=now,
    )


def key_of(variant: str, transaction_id: str) -> str:
    """The transfer's key for a payment: the provider's own name of it, so one payment is credited once."""
    if len(transaction_id) > 100:
        transaction_id = hashlib.sha256(transaction_id.encode()).hexdigest()
    return f"topup:{variant}:{transaction_id}"


def _key(top_up: TopUp) -> str:
    return f"topup:{top_up.pk}"
