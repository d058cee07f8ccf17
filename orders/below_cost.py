"""What an order would cost by now, for `catalog.below_cost`."""

from datetime import datetime
from decimal import Decimal

from catalog.pricing import RuleBook, cost_of, shortfall
from catalog.rules import everybodys
from orders.models import Order, OrderEvent


class _OrderGuard:
    """How orders are kept from being sold below cost."""

    model = Order
    sold = "service"

    def rules(self) -> RuleBook:
        return everybodys()

    def rose(self, order: Order) -> bool:
        return order.service.rate * order.unit > order.rate * order.service.unit

    def shortfall(self, order: Order, rules: RuleBook) -> Decimal:
        service = order.service
        rule = rules.rule_for(
            group_id=order.customer.group_id,
            service_id=service.pk,
            subcategory_id=service.subcategory_id,
            category_id=service.category_id,
        )
        return shortfall(charge=order.charge, quantity=order.quantity, rate=service.rate, unit=service.unit, rule=rule)

    def title(self, order: Order) -> str:
        return f"Order {order.pk}"

    def charge_and_cost(self, order: Order) -> tuple[Decimal, Decimal]:
        return order.charge, cost_of(order.service, order.quantity)

    def on_held(self, order: Order, note: str, now: datetime) -> None:
        order.changed_at = now
        OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.HELD, note=note, at=now)


GUARD = _OrderGuard()
