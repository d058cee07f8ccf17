"""The vendor's money: our prepaid balance, and a journal that only grows.

The journal is how a test proves that nothing was bought twice.
"""

from dataclasses import asdict, dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from upstream.sandbox.clock import Clock

ZERO = Decimal(0)


class Refusal(Exception):
    """The vendor says no, in its own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """One order or number that was accepted. `charge` is exact, in USD."""

    order: int
    action: str
    item: int | str  # the service of `add`, the project of `add_sms`
    quantity: int
    link: str
    charge: Decimal
    at: str
    sequence: int  # which request it came with


@dataclass(frozen=True, slots=True, kw_only=True)
class PayBack:
    """Money returned for what was not delivered. `amount` is exact, in USD."""

    order: int
    amount: Decimal
    reason: str
    at: str


class Books:
    """The balance in USD, exact, and every movement of it."""

    def __init__(self, clock: Clock, balance: Decimal) -> None:
        self.balance = balance
        self.journal: list[Purchase | PayBack] = []
        self._clock = clock

    def afford(self, amount: Decimal) -> None:
        """Refuse when the balance does not cover `amount` USD."""
        if amount > self.balance:
            raise Refusal("Insufficient balance")

    def charge(
        self,
        *,
        order: int,
        action: str,
        item: int | str,
        quantity: int,
        link: str,
        amount: Decimal,
        now: float,
        sequence: int,
    ) -> None:
        """Take `amount` USD for an accepted purchase and write it down."""
        self.afford(amount)
        self.balance -= amount
        self.journal.append(
            Purchase(
                order=order,
                action=action,
                item=item,
                quantity=quantity,
                link=link,
                charge=amount,
                at=self._clock.moment(now),
                sequence=sequence,
            )
        )

    def pay_back(self, *, order: int, amount: Decimal, reason: str, now: float) -> None:
        """Return `amount` USD for an order; nothing at all is written for nothing."""
        if amount <= ZERO:
            return
        self.balance += amount
        self.journal.append(PayBack(order=order, amount=amount, reason=reason, at=self._clock.moment(now)))

    @property
    def purchases(self) -> list[Purchase]:
        """Every purchase accepted, oldest first."""
        return [entry for entry in self.journal if isinstance(entry, Purchase)]

    @property
    def pay_backs(self) -> list[PayBack]:
        """Every pay-back, oldest first."""
        return [entry for entry in self.journal if isinstance(entry, PayBack)]


def as_json(entry: Purchase | PayBack) -> dict[str, Any]:
    """A journal entry for JSON; money as exact text."""
    if isinstance(entry, Purchase):
        row = asdict(entry) | {"kind": "purchase", "charge": format(entry.charge, "f")}
        row["project" if entry.action == "add_sms" else "service"] = row.pop("item")
        return row
    return asdict(entry) | {"kind": "pay_back", "amount": format(entry.amount, "f")}


def show_charge(amount: Decimal) -> str:
    """USD with two to four decimals, as the vendor prints a charge."""
    return _show(amount.quantize(Decimal("0.0001"), ROUND_HALF_UP))


def show_balance(amount: Decimal) -> str:
    """USD with two to four decimals, never more than there is."""
    return _show(amount.quantize(Decimal("0.0001"), ROUND_DOWN))


def _show(amount: Decimal) -> str:
    text = format(amount, "f")
    # "5.0000" is printed "5.00", "5.1250" is printed "5.125".
    return text[:-2] + text[-2:].rstrip("0")
