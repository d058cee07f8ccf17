"""How a plan stands, over all of its orders: what its customer reads on a page and by program."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, IntegerField, Q, Sum, Value, When
from django.db.models.functions import Greatest, Least

from core.money import ZERO, MoneyField
from orders import states
from orders.models import Order, Plan

_OPEN = Q(state__in=states.OPEN)
# Of a running order the vendor's own figure is the newest there is.
_LEFT = Case(
    When(_OPEN & Q(remains__isnull=False), then=Least(Greatest(F("remains"), Value(0)), F("quantity"))),
    default=F("quantity") - F("delivered"),
    output_field=IntegerField(),
)
_PAYS = Case(
    When(_OPEN, then=F("charge")), default=F("hold__captured") - F("hold__refunded"), output_field=MoneyField()
)


@dataclass(frozen=True)
class Figures:
    """Pieces and USD over all runs. `charge` is what the customer pays for them, as far as is known now."""

    running: int
    """Orders that have not ended."""
    remains: int
    delivered: int
    charge: Decimal


def figures(plans: Iterable[Plan]) -> dict[int, Figures]:
    """How each of the plans (with its `hold`) stands, by number; one query for all of them."""
    plans = list(plans)
    sums: Any = (
        Order.objects.filter(plan__in=plans)
        .order_by()
        .values("plan")
        .annotate(running=Count("pk", filter=_OPEN), left=Sum(_LEFT), pays=Sum(_PAYS))
    )
    by_plan: dict[int, dict[str, Any]] = {row["plan"]: row for row in sums}
    found = {}
    for plan in plans:
        row = by_plan.get(plan.pk, {"running": 0, "left": 0, "pays": ZERO})
        remains = row["left"] + plan.left * plan.quantity
        found[plan.pk] = Figures(
            running=row["running"],
            remains=remains,
            delivered=plan.quantity * plan.runs - remains,
            charge=row["pays"] + (plan.charge * plan.left if plan.is_open else ZERO),
        )
    return found
