"""What the vendor has charged us for everything it accepted, less what it paid back, as far as our rows know."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, ExpressionWrapper, F, Q, QuerySet, Sum, Value, When

from catalog.pricing import share
from core.money import ZERO, MoneyField
from orders import states
from orders.models import Order
from sms import states as sms_states
from sms.models import Number, Purchase

# A vendor may say that it paid back some time before its balance shows it.
LATE_PAY_BACK = timedelta(hours=1)

_NOTHING = Value(ZERO, output_field=MoneyField())
# The vendor's word where it has given one. A charge of 0 is none: some show it until they have begun.
_OF_ORDER = Case(
    When(upstream_charge__gt=0, then=F("upstream_charge")),
    When(state__in=[states.RUNNING, states.COMPLETED], then=F("cost")),
    default=_NOTHING,
    output_field=MoneyField(),
)
# A number without a code costs nothing, whatever was shown while it waited.
_OF_NUMBER = Case(
    When(state__in=sms_states.UNPAID, then=_NOTHING),
    When(upstream_charge__gt=0, then=F("upstream_charge")),
    default=F("purchase__cost"),
    output_field=MoneyField(),
)
_OF_PURCHASE = ExpressionWrapper(F("cost") * F("quantity"), output_field=MoneyField())


@dataclass(frozen=True)
class Moved:
    """Purchases that began or ended since a moment: how many, and what they cost in USD."""

    count: int
    value: Decimal


@dataclass(frozen=True)
class Suspect:
    """A purchase that nobody knows the vendor to have, and what it would have cost in USD."""

    name: str
    cost: Decimal


def spent() -> Decimal:
    """USD over all time. What comes of it later (a pay-back, another charge) changes it then."""
    total = _sum(Order.objects.filter(upstream_id__isnull=False), _OF_ORDER)
    total += _sum(Number.objects.all(), _OF_NUMBER)
    untold = Order.objects.filter(Q(upstream_charge=None) | Q(upstream_charge=0), state=states.PARTIAL)
    for cost, delivered, quantity in untold.values_list("cost", "delivered", "quantity").iterator():
        total += share(cost, part=delivered, whole=quantity)
    return total


def moved(*, since: datetime) -> Moved:
    """What was accepted or ended since then."""
    orders = Order.objects.filter(Q(accepted_at__gt=since) | Q(finished_at__gt=since), upstream_id__isnull=False)
    numbers = Number.objects.filter(Q(received_at__gt=since) | Q(finished_at__gt=since))
    of_orders = orders.aggregate(count=Count("pk"), value=Sum("cost"))
    of_numbers = numbers.aggregate(count=Count("pk"), value=Sum("purchase__cost"))
    return Moved(
        count=of_orders["count"] + of_numbers["count"],
        value=(of_orders["value"] or ZERO) + (of_numbers["value"] or ZERO),
    )


def being_sent() -> Decimal:
    """USD of the purchases that are being sent this very moment: the vendor may have charged them already."""
    return _sum(Order.objects.filter(state=states.SUBMITTING), F("cost")) + _sum(
        Purchase.objects.filter(state=sms_states.SUBMITTING), _OF_PURCHASE
    )


def coming_back(*, now: datetime) -> Decimal:
    """USD that the vendor has announced to pay back so lately that it may not have booked them yet."""
    lately = now - LATE_PAY_BACK
    ended = Order.objects.filter(finished_at__gt=lately, upstream_id__isnull=False, state__in=states.FINISHED)
    unpaid = Number.objects.filter(finished_at__gt=lately, state__in=sms_states.UNPAID)
    return max(_sum(ended, F("cost") - _OF_ORDER), ZERO) + _sum(unpaid, F("purchase__cost"))


def suspects() -> list[Suspect]:
    """Purchases that are UNCERTAIN: the vendor may have charged for them."""
    orders = Order.objects.filter(state=states.UNCERTAIN).values_list("pk", "cost")
    purchases = Purchase.objects.filter(state=sms_states.UNCERTAIN).values_list("pk", _OF_PURCHASE)
    return [
        *(Suspect(f"order {pk}", cost) for pk, cost in orders),
        *(Suspect(f"purchase {pk} of numbers", cost) for pk, cost in purchases),
    ]


def _sum(rows: QuerySet[Any], amount: Any) -> Decimal:
    total: Decimal | None = rows.aggregate(
        total=Sum(ExpressionWrapper(amount, output_field=MoneyField()), output_field=MoneyField())
    )["total"]
    return total or ZERO
