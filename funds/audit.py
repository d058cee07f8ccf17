"""What top-ups, debts and vouchers say of themselves, against the transfers they name. Reports, and never repairs."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from django.db.models import F, Q

from funds.models import Debt, TopUp, Voucher
from wallet.models import Transfer

SHOWN = 50


def problems() -> list[str]:
    """A line for each thing that does not add up."""
    return [*_top_ups(), *_vouchers(), *_debts()]


def _top_ups() -> Iterator[str]:
    paid = TopUp.objects.filter(state=TopUp.State.PAID)
    honest = Q(
        deposit__kind=Transfer.Kind.DEPOSIT,
        deposit__amount=F("credited"),
        deposit__customer__owner=F("customer"),
    )
    for top_up in paid.exclude(honest)[:SHOWN]:
        yield f"top-up {top_up.pk}: credited {top_up.credited}, which its deposit does not say"


def _vouchers() -> Iterator[str]:
    honest = Q(
        transfer__kind__in=[Transfer.Kind.DEPOSIT, Transfer.Kind.BONUS],
        transfer__amount=F("batch__amount"),
        transfer__customer__owner=F("customer"),
    )
    for voucher in Voucher.objects.filter(state=Voucher.State.REDEEMED).exclude(honest)[:SHOWN]:
        yield f"voucher {voucher.pk}: its transfer is not of its amount to its customer"


def _debts() -> Iterator[str]:
    collected: dict[str, Decimal] = defaultdict(Decimal)
    taken = Transfer.objects.filter(kind=Transfer.Kind.CHARGEBACK).order_by()
    for key, amount in taken.values_list("key", "amount").iterator():
        collected[":".join(key.split(":")[:2])] += amount
    for debt in Debt.objects.order_by("pk").iterator():
        found = collected.pop(f"debt:{debt.pk}", Decimal(0))
        if found != debt.paid:
            yield f"debt {debt.pk}: paid {debt.paid}, but its transfers come to {found}"
    for key in list(collected)[:SHOWN]:
        yield f"{key}: its transfers took {collected[key]}, but there is no such debt"
