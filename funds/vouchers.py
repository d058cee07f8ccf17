"""Vouchers: made in batches, shown once, redeemed once."""

import hashlib
import secrets
from datetime import datetime
from decimal import Decimal

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from funds import debts
from funds.models import Batch, Voucher
from wallet import ledger

# Crockford's base 32: no letter that is taken for another.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MEANT = str.maketrans({"O": "0", "I": "1", "L": "1"})
LENGTH = 16
MOST_AT_ONCE = 5000
# So many wrong codes in so many seconds, and a customer has to wait.
MOST_WRONG, IN_SECONDS = 10, 3600


class CantMake(Exception):
    """These vouchers can't be made; says why, for the operator."""


class CantRedeem(Exception):
    """The code brings nothing; says why, for the customer."""


class TooManyTries(CantRedeem):
    """Somebody guesses."""


def make(
    *,
    name: str,
    kind: str,
    amount: Decimal,
    count: int,
    expires_at: datetime | None,
    form_key: str,
    operator: User,
    now: datetime,
) -> tuple[Batch, list[str]]:
    """A new batch and its codes, which are not kept. Raises `CantMake`, also when the form comes again."""
    if not 1 <= count <= MOST_AT_ONCE:
        raise CantMake(f"Make from 1 to {MOST_AT_ONCE:,} at once.")
    if expires_at is not None and expires_at <= now:
        raise CantMake("They would have expired already.")
    codes = [new_code() for _each in range(count)]
    try:
        with transaction.atomic():
            batch = Batch.objects.create(
                name=name,
                kind=kind,
                amount=amount,
                count=count,
                expires_at=expires_at,
                form_key=form_key,
                made_by=operator,
                made_at=now,
            )
            Voucher.objects.bulk_create(
                [Voucher(batch=batch, digest=digest_of(code), tail=code[-4:]) for code in codes], batch_size=500
            )
    except IntegrityError:
        raise CantMake(
            "This form was sent before, and its vouchers are made. Their codes can't be shown again: if you don't have "
            "the file, void that batch and make another."
        ) from None
    return batch, codes


def void(*, batch_id: int) -> int:
    """Make worthless what was not redeemed; how many that were."""
    return Voucher.objects.filter(batch_id=batch_id, state=Voucher.State.READY).update(state=Voucher.State.VOID)


def redeem(*, customer: User, code: str, now: datetime) -> Voucher:
    """Credit the code's amount to the customer, once. Raises `CantRedeem`."""
    tries = f"voucher-tries:{customer.pk}"
    if cache.get(tries, 0) >= MOST_WRONG:
        raise TooManyTries(_("Too many wrong codes. Try again in an hour."))
    with transaction.atomic():
        voucher = (
            Voucher.objects.select_for_update(of=["self"])
            .select_related("batch")
            .filter(digest=digest_of(normal(code)))
            .first()
        )
        if voucher is not None and voucher.state == Voucher.State.READY:
            if voucher.batch.expires_at is not None and voucher.batch.expires_at <= now:
                raise CantRedeem(_("This code has expired."))
            return _credit(voucher, customer, now)
    if voucher is not None and voucher.customer_id == customer.pk:
        raise CantRedeem(_("You have redeemed this code already."))
    cache.set(tries, cache.get(tries, 0) + 1, IN_SECONDS)
    raise CantRedeem(_("This code is not valid. Look at each letter, or ask who gave it to you."))


def _credit(voucher: Voucher, customer: User, now: datetime) -> Voucher:
    batch = voucher.batch
    act = ledger.bonus if batch.kind == Batch.Kind.GIFT else ledger.deposit
    voucher.transfer = act(
        account=ledger.account_of(customer),
        amount=batch.amount,
        key=f"voucher:{voucher.pk}",
        memo=f"Voucher …{voucher.tail}",
        now=now,
    )
    voucher.state, voucher.customer, voucher.redeemed_at = Voucher.State.REDEEMED, customer, now
    voucher.save(update_fields=["state", "customer", "redeemed_at", "transfer"])
    if batch.kind == Batch.Kind.SOLD:
        debts.pay(customer=customer, cause=f"voucher:{voucher.pk}", now=now)
    return voucher


def new_code() -> str:
    """80 random bits: `7K3Q-90ZD-M2XW-4HNA`."""
    code = "".join(secrets.choice(ALPHABET) for _each in range(LENGTH))
    return "-".join(code[start : start + 4] for start in range(0, LENGTH, 4))


def normal(code: str) -> str:
    """The code as it was made, however it was typed."""
    typed = "".join(one for one in code[:100].upper().translate(_MEANT) if one in ALPHABET)
    return "-".join(typed[start : start + 4] for start in range(0, len(typed), 4))


def digest_of(code: str) -> str:
    """What is kept of a code."""
    return hashlib.sha256(code.encode()).hexdigest()
