"""Hold back an order whose cost rose while it waited: the vendor charges the rate of now, not of then.

What happens to it is a setting, BELOW_COST: `hold` it for an operator, `refuse` it, or `send` it all the same.
"""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from catalog.models import MarkupRule
from catalog.pricing import RuleBook, quote_for, shortfall
from core.alerts import alert, resolve
from core.models import Alert
from core.money import ZERO, show
from orders.models import Order, OrderEvent
from orders.states import PLACED
from upstream.forwarding import BelowCost


def loss(order: Order, rules: RuleBook | None = None) -> Decimal:
    """USD that the order would now earn too little, by the cost of its service and its rule's minimum margin.

    Zero where its cost did not rise: a rule that was made stricter holds for orders placed after it.
    """
    service = order.service
    if settings.BELOW_COST == "send" or service.rate * order.unit <= order.rate * service.unit:
        return ZERO
    rule = (rules or _rules()).rule_for(
        service_id=service.pk, subcategory_id=service.subcategory_id, category_id=service.category_id
    )
    return shortfall(charge=order.charge, quantity=order.quantity, rate=service.rate, unit=service.unit, rule=rule)


def _rules() -> RuleBook:
    return RuleBook(MarkupRule.objects.filter(active=True))


def hold(order: Order, missing: Decimal, now: datetime) -> None:
    """Keep a locked order from going out until an operator decides; its money stays on hold."""
    cost = quote_for(order.service, order.quantity).cost
    note = f"charged {show(order.charge)}, it would cost {show(cost)} now: {show(missing)} below the least margin"
    order.below_cost = BelowCost.HELD
    order.changed_at = now
    order.save(update_fields=["below_cost", "changed_at"])
    OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.HELD, note=note, at=now)
    alert(
        key=alert_key(order),
        subject=f"Order {order.pk} is held back: it would be sold below cost",
        detail=f"{note}.\nSend it all the same or give it up in the admin. It goes out by itself if the cost falls.",
        severity=Alert.Severity.CRITICAL,
        now=now,
    )


def release(*, now: datetime) -> int:
    """Let go the orders that are no longer a loss; returns how many."""
    held = list(Order.objects.filter(state=PLACED, below_cost=BelowCost.HELD).select_related("service"))
    rules = _rules() if held else None
    fit = [order.pk for order in held if not loss(order, rules)]
    for pk in fit:
        with transaction.atomic():
            freed = Order.objects.filter(pk=pk, state=PLACED, below_cost=BelowCost.HELD)
            if freed.update(below_cost="", not_before=now):
                resolve(key=f"order:{pk}:cost", now=now)
    return len(fit)


def alert_key(order: Order) -> str:
    """What the operators' alert about it is filed under."""
    return f"order:{order.pk}:cost"
