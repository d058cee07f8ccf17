"""How money came in: ways to pay, top-ups in every state, proofs, vouchers, and a payment that was taken back."""

import itertools
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from accounts.models import User
from funds import begin, decide, prove, take_back, vouchers
from funds.hear import hear
from funds.models import Batch, Bonus, Method, TopUp
from funds.words import Provider, Reversal, Standing, Word

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def ways_to_pay() -> dict[str, Method]:
    """A card, cryptocurrency and a bank transfer, with fees and bonuses."""
    Bonus.objects.get_or_create(from_amount=100, defaults={"percent": 3})
    Bonus.objects.get_or_create(from_amount=500, defaults={"percent": 5})
    rows: list[dict[str, Any]] = [
        {"provider": "stripe", "name": "Card", "name_zh": "银行卡", "fee_percent": "2.9", "fee_fixed": "0.30"},
        {"provider": "btcpay", "name": "Cryptocurrency", "name_zh": "加密货币", "position": 1},
        {
            "provider": "transfer",
            "name": "Bank transfer",
            "name_zh": "银行转账",
            "instructions": "IBAN DE02 1203 0000 0000 2020 51\nBIC BYLADEM1001\nNorthwind Trading Ltd.",
            "position": 2,
            "minimum": 20,
        },
    ]
    made = {}
    for row in rows:
        given = {name: Decimal(value) if name.startswith("fee") else value for name, value in row.items()}
        made[row["provider"]] = Method.objects.get_or_create(provider=given.pop("provider"), defaults=given)[0]
    return made


class Money:
    """Makes a customer's top-ups; `tick` gives each act its moment."""

    def __init__(self, customer: User, operator: User, tick: Callable[[], datetime]) -> None:
        self.customer, self.operator, self.tick = customer, operator, tick
        self.ways = ways_to_pay()
        self._keys = itertools.count()

    def begun(self, provider: str, amount: str | Decimal = "50") -> TopUp:
        return begin.begin(
            customer=self.customer,
            method_id=self.ways[provider].pk,
            amount=Decimal(amount),
            form_key=f"lived-in-{self.customer.pk}-{next(self._keys)}",
            now=self.tick(),
        )

    def told(self, top_up: TopUp, standing: Standing, **more: Any) -> TopUp:
        """The provider says how it stands."""
        said = {"variant": top_up.variant, "token": top_up.token, "transaction_id": f"pi_{top_up.pk}", **more}
        hear(Word(standing=standing, payment_id=f"pi_{top_up.pk}", **said), now=self.tick())
        top_up.refresh_from_db()
        return top_up

    def paid(self, amount: str | Decimal = "50") -> TopUp:
        """By card, credited."""
        top_up = self.begun("stripe", amount)
        return self.told(top_up, Standing.PAID, received=top_up.total, currency="USD")

    def proved(self, files: int = 1) -> TopUp:
        """By transfer, with its proof handed in."""
        top_up = self.begun("transfer", "120")
        for number in range(files):
            prove.prove(
                token=top_up.token,
                customer=self.customer,
                reference="RF18 5390 0754 7034",
                name=f"transfer-{number}.png",
                content=PNG + bytes([number]),
                now=self.tick(),
            )
        return top_up

    def top_ups(self) -> dict[str, TopUp]:
        """One in each state."""
        refused, approved = self.proved(), self.proved()
        decide.refuse(top_up_id=refused.pk, operator=self.operator, reason="No such payment came.", now=self.tick())
        decide.approve(top_up_id=approved.pk, received=Decimal(120), operator=self.operator, now=self.tick())
        return {
            "REFUSED": refused,
            "APPROVED": approved,
            "PAID": self.paid("250"),
            "EXPIRED": self.told(self.begun("btcpay"), Standing.EXPIRED),
            "REVIEW": self.told(self.begun("btcpay"), Standing.UNCLEAR, detail="paid partly"),
            "CHECKING": self.proved(2),
            "OPEN": self.begun("transfer", "75"),
        }

    def taken_back(self, top_up: TopUp, amount: str = "40") -> None:
        """Some of a payment goes back by a dispute."""
        reversal = Reversal(
            variant=top_up.variant,
            payment_id=top_up.payment_id,
            kind="DISPUTE",
            matter=f"dp_{top_up.pk}",
            amount=Decimal(amount),
            currency="USD",
        )
        # A payment that is known is not asked for.
        take_back.take_back(reversal, provider=cast(Provider, None), now=self.tick())

    def voucher(self, amount: str = "25") -> None:
        """A code, made and redeemed."""
        _batch, (code,) = self.codes(1, amount)
        vouchers.redeem(customer=self.customer, code=code, now=self.tick())

    def codes(self, count: int, amount: str = "25") -> tuple[Batch, list[str]]:
        return vouchers.make(
            name="Spring",
            kind=Batch.Kind.GIFT,
            amount=Decimal(amount),
            count=count,
            expires_at=None,
            form_key=f"lived-in-batch-{self.customer.pk}-{next(self._keys)}",
            operator=self.operator,
            now=self.tick(),
        )
