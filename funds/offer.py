"""What a top-up costs and brings: pure arithmetic, in whole cents of USD.

A fee is what the customer pays on top of the amount, rounded up; a bonus is what the shop adds to it, rounded down.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Protocol

from core.money import EXACT, ZERO, round_up

CENT = Decimal("0.01")


class Charges(Protocol):
    """What a way to pay costs."""

    @property
    def fee_percent(self) -> Decimal: ...

    @property
    def fee_fixed(self) -> Decimal: ...


class Step(Protocol):
    """From which amount on the shop adds how much."""

    @property
    def from_amount(self) -> Decimal: ...

    @property
    def percent(self) -> Decimal: ...


@dataclass(frozen=True)
class Terms:
    """A top-up of `amount`: what is paid on top, what is added. All in USD."""

    amount: Decimal
    fee: Decimal
    bonus: Decimal

    @property
    def total(self) -> Decimal:
        """What the customer pays."""
        return self.amount + self.fee

    @property
    def credited(self) -> Decimal:
        """What their balance gets."""
        return self.amount + self.bonus


def terms(amount: Decimal, charges: Charges, steps: Iterable[Step]) -> Terms:
    """The terms for `amount`: of the bonus steps that it reaches the highest counts."""
    reached = [step for step in steps if step.from_amount <= amount]
    percent = max(reached, key=lambda step: step.from_amount).percent if reached else ZERO
    fee = round_up(EXACT.multiply(amount, charges.fee_percent / 100) + charges.fee_fixed, CENT)
    return Terms(amount=amount, fee=fee, bonus=whole_cents(EXACT.multiply(amount, percent / 100)))


def for_received(asked: Terms, received: Decimal) -> tuple[Decimal, Decimal]:
    """(credit, bonus) in USD when `received` came instead of `asked.total`.

    The credit is the same share of the amount as what came is of the total. The bonus was promised for the whole:
    less brings none, more brings no more of it.
    """
    if received == asked.total:
        return asked.amount, asked.bonus
    credit = whole_cents(EXACT.divide(EXACT.multiply(asked.amount, received), asked.total))
    return credit, asked.bonus if received > asked.total else ZERO


def whole_cents(amount: Decimal) -> Decimal:
    """The amount without what is smaller than a cent."""
    return amount.quantize(CENT, rounding=ROUND_FLOOR, context=EXACT)
