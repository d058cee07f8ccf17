"""What providers say, in the shop's own words: translated by each provider, acted on by `hear` and `take_back`."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Protocol

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from funds.models import TopUp


class Standing(Enum):
    """Where a payment is, by its provider's word."""

    OPEN = "open"
    PROCESSING = "processing"
    PAID = "paid"
    EXPIRED = "expired"
    FAILED = "failed"
    # Money came, but not in a way that a program may judge.
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Word:
    """What a provider says of one payment."""

    variant: str
    token: str
    """Our name for the top-up, as the provider was told it."""
    transaction_id: str
    """The provider's name for the payment."""
    standing: Standing
    received: Decimal | None = None
    currency: str = ""
    payment_id: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Reversal:
    """A payment that its provider took back, or gave back after a dispute."""

    variant: str
    payment_id: str
    kind: str
    """One of `Debt.Kind`."""
    matter: str
    """The provider's name for the dispute or the charge."""
    amount: Decimal
    """Of a refund all that was refunded so far; of a dispute, what is disputed."""
    currency: str
    won: bool = False
    """The dispute ended for the shop: what was taken is given back."""


class Forged(Exception):
    """A notice that the provider did not sign, or that can't be read."""


class Away(Exception):
    """The provider did not answer, or said no; `str()` is for the customer, `detail` for operators."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(str(_("The payment provider can't be reached just now. Nothing was charged. Try again.")))


class Provider(Protocol):
    """A provider whose notices are believed, on top of what django-payments asks of one."""

    def ask(self, top_up: TopUp) -> Word:
        """How the payment of `top_up` stands. Raises `Away`."""

    def find(self, payment_id: str) -> Word | None:
        """How the payment stands that a reversal names; None when it is none of ours. Raises `Away`."""

    def read(self, request: HttpRequest) -> list[Word | Reversal]:
        """What a notice says; nothing when it is of no interest. Raises `Forged`, `Away`."""
