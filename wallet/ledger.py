"""The sole writer of the books: deposit, bonus, chargeback, hold, split, capture, release, refund, adjust.

Every act takes a `key` that names its cause (`order:17:hold`). The same key again, with the same figures,
changes nothing and returns what the first call made; with other figures it raises `KeyReused`. Each act is
atomic by itself and joins the caller's transaction. Amounts are USD.

An act first locks the customer's account row (PostgreSQL by SELECT … FOR UPDATE, SQLite because every
transaction begins IMMEDIATE), so what it reads stays true until it commits; the CHECKs of the tables stand
behind it.
"""

from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from core.money import LARGEST, ZERO, show, to_micros
from core.prepared import ID, TEXT, USD, Prepared, PreparedUpdate, given, insert, insert_unless_there
from notices.tell import balance_fell
from wallet.models import Account, Hold, Transfer


class LedgerError(Exception):
    """An act the books don't allow; says why."""


class InsufficientFunds(LedgerError):
    """The customer's available balance is smaller than what is asked of it."""

    def __init__(self, *, available: Decimal, needed: Decimal) -> None:
        self.available = available
        self.needed = needed
        super().__init__(
            _("Your available balance is %(available)s and this takes %(needed)s: %(missing)s more is needed.")
            % {
                "available": show(available),
                "needed": show(needed),
                "missing": show(needed - available),
            }
        )


class KeyReused(LedgerError):
    """A key that already stands for another movement."""


class HoldClosed(LedgerError):
    """A hold that was already captured or released, otherwise than asked now."""


_OF = Prepared(lambda: Account.objects.filter(owner_id=given("owner", ID)).order_by())
_LOCKED = Prepared(lambda: Account.objects.select_for_update().filter(pk=given("account", ID)).order_by())
_HELD = PreparedUpdate(lambda: Account.objects.filter(pk=given("account", ID)), held=given("held", USD))
# What a hold takes, in one statement: it locks the row, as every act does first, and finds none with too little.
_TAKEN = PreparedUpdate(
    lambda: Account.objects.filter(pk=given("account", ID), balance__gte=F("held") + given("amount", USD)),
    held=F("held") + given("amount", USD),
)
_GIVEN_BACK = PreparedUpdate(
    lambda: Account.objects.filter(pk=given("account", ID)), held=F("held") - given("amount", USD)
)
_BY_KEY = Prepared(lambda: Hold.objects.filter(key=given("key", TEXT)).order_by())
_MOVED = Prepared(lambda: Transfer.objects.filter(key=given("key", TEXT)).order_by())


def account_of(user: User) -> Account:
    """The customer's account, opened when first asked for."""
    account = _OF.first(owner=user.pk)
    if account is None:
        account, _made = Account.objects.get_or_create(owner=user, defaults={"kind": Account.Kind.CUSTOMER})
    return account


def locked(account: Account) -> Account:
    """The account as it is now, and stays until the caller's transaction ends; raises outside of one."""
    return _lock(account.pk)


def deposit(*, account: Account, amount: Decimal, key: str, memo: str = "", now: datetime) -> Transfer:
    """Money that a payment provider received for the customer."""
    _movable(amount)
    return _move(
        Transfer.Kind.DEPOSIT,
        account.pk,
        Account.Kind.PAYMENTS,
        amount,
        key=key,
        memo=memo,
        now=now,
    )


def adjust(*, account: Account, amount: Decimal, key: str, memo: str, now: datetime) -> Transfer:
    """An operator's correction, with its reason: positive adds to the customer's balance, negative takes from it.

    Raises `InsufficientFunds` when it would take more than is available: a balance never goes below its holds.
    """
    _movable(abs(amount))
    return _move(
        Transfer.Kind.ADJUSTMENT,
        account.pk,
        Account.Kind.ADJUSTMENTS,
        amount,
        key=key,
        memo=memo,
        now=now,
    )


def bonus(*, account: Account, amount: Decimal, key: str, memo: str = "", now: datetime) -> Transfer:
    """Money that the shop gives the customer: a bonus on a top-up, a gift, a share for a referral."""
    _movable(amount)
    return _move(
        Transfer.Kind.BONUS,
        account.pk,
        Account.Kind.PROMOTIONS,
        amount,
        key=key,
        memo=memo,
        now=now,
    )


def chargeback(*, account: Account, amount: Decimal, key: str, memo: str, now: datetime) -> Transfer:
    """Money that a payment provider took back from the shop, taken from the customer it was credited to.

    Raises `InsufficientFunds` when it would take more than is available: what is missing is a debt, never a balance
    below zero.
    """
    _movable(amount)
    return _move(
        Transfer.Kind.CHARGEBACK,
        account.pk,
        Account.Kind.PAYMENTS,
        -amount,
        key=key,
        memo=memo,
        now=now,
    )


def hold(*, account: Account, amount: Decimal, key: str, now: datetime) -> Hold:
    """Set `amount` aside for a purchase. Raises `InsufficientFunds`, `KeyReused`.

    Two statements where nothing is in the way: every purchase waits for them.
    """
    _movable(amount)
    with _joined():
        after = _TAKEN.first(account=account.pk, amount=amount)
        if after is None:
            before = _lock(account.pk)
            made = _held_before(key, before.pk, amount)
            if made is not None:
                return made
            if before.available >= amount:  # an UPDATE that finds too little waits for nobody's deposit; the lock does
                after = _TAKEN.first(account=account.pk, amount=amount)
            if after is None:
                raise InsufficientFunds(available=before.available, needed=amount)
        held = Hold(key=key, account=after, amount=amount, created_at=now)
        if not insert_unless_there(held):
            _GIVEN_BACK.run(account=account.pk, amount=amount)
            made = _held_before(key, account.pk, amount)
            if made is None:
                raise KeyReused(f"{key} is taken")
            return made
        if getattr(account, "is_watched", True):  # as `funds.payer` read it, in one query with the rest
            _fell(after, amount, now)
        return held


def split(*, hold: Hold, amount: Decimal, key: str, now: datetime) -> Hold:
    """Turn `amount` of an open hold into a hold of its own, without it being free in between.

    What is left of the first one stays held by it; when nothing is left it is released. Raises `HoldClosed`,
    `KeyReused`, and `LedgerError` when `amount` passes what it holds.
    """
    _movable(amount)
    with transaction.atomic():
        locked = _lock(hold.account_id)
        made = _held_before(key, locked.pk, amount)
        if made is not None:
            return made
        current = Hold.objects.get(pk=hold.pk)
        if current.state != Hold.State.OPEN:
            raise HoldClosed(f"{current.key} is {current.state.lower()}")
        if amount > current.amount:
            raise LedgerError(f"{current.key} holds {current.amount} USD, not {amount}")
        whole = amount == current.amount
        Hold.objects.filter(pk=hold.pk).update(
            **{"state": Hold.State.RELEASED, "closed_at": now} if whole else {"amount": current.amount - amount}
        )
        return insert(Hold(key=key, account=locked, amount=amount, created_at=now))


def capture(*, hold: Hold, amount: Decimal, key: str, memo: str = "", now: datetime) -> Transfer:
    """Take `amount` of the hold as sold, and give the rest of it back to the available balance.

    Raises `HoldClosed` when the hold ended otherwise, `LedgerError` when `amount` passes it.
    """
    _movable(amount)
    with transaction.atomic():
        locked = _lock(hold.account_id)
        made = _repeated(key, account_id=hold.account_id, amount=-amount, kind=Transfer.Kind.CAPTURE)
        if made:
            return made
        current = Hold.objects.get(pk=hold.pk)
        if current.state != Hold.State.OPEN:
            raise HoldClosed(f"{current.key} is {current.state.lower()}")
        if amount > current.amount:
            raise LedgerError(f"{current.key} holds {current.amount} USD, not {amount}")
        _set_held(locked, locked.held - current.amount)
        Hold.objects.filter(pk=hold.pk).update(state=Hold.State.CAPTURED, captured=amount, closed_at=now)
        return _move(
            Transfer.Kind.CAPTURE,
            hold.account_id,
            Account.Kind.SALES,
            -amount,
            hold=current,
            key=key,
            memo=memo,
            now=now,
        )


def release(*, hold: Hold, now: datetime) -> None:
    """Give the whole hold back. Releasing twice is harmless; raises `HoldClosed` when it was captured."""
    with transaction.atomic():
        locked = _lock(hold.account_id)
        current = Hold.objects.get(pk=hold.pk)
        if current.state == Hold.State.CAPTURED:
            raise HoldClosed(f"{current.key} was captured: refund it instead")
        if current.state == Hold.State.OPEN:
            _set_held(locked, locked.held - current.amount)
            Hold.objects.filter(pk=hold.pk).update(state=Hold.State.RELEASED, closed_at=now)


def refund(*, hold: Hold, amount: Decimal, key: str, memo: str = "", now: datetime) -> Transfer:
    """Pay back `amount` of what the hold captured. Raises `LedgerError` when all refunds would pass the charge."""
    _movable(amount)
    with transaction.atomic():
        _lock(hold.account_id)
        made = _repeated(key, account_id=hold.account_id, amount=amount, kind=Transfer.Kind.REFUND)
        if made:
            return made
        current = Hold.objects.get(pk=hold.pk)
        left = current.captured - current.refunded
        if amount > left:
            raise LedgerError(_("At most %(left)s of this purchase can still be refunded.") % {"left": show(left)})
        Hold.objects.filter(pk=hold.pk).update(refunded=current.refunded + amount)
        return _move(
            Transfer.Kind.REFUND,
            hold.account_id,
            Account.Kind.SALES,
            amount,
            hold=current,
            key=key,
            memo=memo,
            now=now,
        )


def _move(
    kind: str,
    account_id: int,
    other: str,
    amount: Decimal,
    *,
    hold: Hold | None = None,
    key: str,
    memo: str,
    now: datetime,
) -> Transfer:
    """Move `amount` into the customer's account from the shop's account `other`; out of it when negative."""
    with transaction.atomic():
        customer = _lock(account_id)
        made = _repeated(key, account_id=account_id, amount=amount, kind=kind)
        if made:
            return made
        if customer.available + amount < ZERO:
            raise InsufficientFunds(available=customer.available, needed=-amount)
        customer.balance += amount
        Account.objects.filter(pk=account_id).update(balance=customer.balance)
        system, _made = Account.objects.get_or_create(kind=other, owner=None)
        source, target = (system, customer) if amount > 0 else (customer, system)
        try:
            moved = insert(
                Transfer(
                    kind=kind,
                    source=source,
                    target=target,
                    customer=customer,
                    hold=hold,
                    amount=abs(amount),
                    key=key,
                    memo=memo[:300],
                    balance_after=customer.balance,
                    created_at=now,
                )
            )
        except IntegrityError as error:  # somebody else's account has this key
            raise KeyReused(f"{key} is taken") from error
        if kind == Transfer.Kind.ADJUSTMENT and amount < 0:
            _fell(customer, -amount, now)
        return moved


def _joined() -> AbstractContextManager[None]:
    """The caller's transaction, without a savepoint; or one of its own. For an act that fails before it has written."""
    return nullcontext() if connection.in_atomic_block else transaction.atomic()


def _held_before(key: str, account_id: int, amount: Decimal) -> Hold | None:
    """The hold that the key stands for. Raises `KeyReused` when that is another one than is asked for."""
    made = _BY_KEY.first(key=key)
    if made is not None and (made.account_id != account_id or made.amount != amount):
        raise KeyReused(f"{key} already holds {made.amount} USD")
    return made


def _fell(after: Account, by: Decimal, now: datetime) -> None:
    """What is available fell `by` USD. A capture takes what was set aside before, so it is no fall."""
    balance_fell(customer_id=after.owner_id, before=after.available + by, after=after.available, now=now)


def _lock(account_id: int) -> Account:
    found = _LOCKED.first(account=account_id)
    if found is None:
        raise Account.DoesNotExist(f"There is no account {account_id}")
    return found


def _set_held(account: Account, held: Decimal) -> None:
    _HELD.run(account=account.pk, held=held)


def _repeated(key: str, *, account_id: int, amount: Decimal, kind: str) -> Transfer | None:
    made = _MOVED.first(key=key)
    if made is None:
        return None
    customer_side = made.target_id if amount > 0 else made.source_id
    if made.kind != kind or made.amount != abs(amount) or customer_side != account_id:
        raise KeyReused(f"{key} already moved {made.amount} USD")
    return made


def _movable(amount: Decimal) -> None:
    to_micros(amount)  # a fraction of a micro can't be kept, so it can't be moved
    if not 0 < amount <= LARGEST:
        raise LedgerError(f"{amount} USD can't be moved")
