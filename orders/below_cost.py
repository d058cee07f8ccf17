"""What an order would cost by now, for `catalog.below_cost`."""

from datetime import datetime
from decimal import Decimal

from catalog.models import MarkupRule
from catalog.pricing import RuleBook, quote_for, shortfall
from orders.models import Order, OrderEvent


class _OrderGuard:
    """How orders are kept from being sold below cost."""

    model = Order
    sold = "service"

    def rules(self) -> RuleBook:
        return RuleBook(MarkupRule.objects.filter(active=True))

    def rose(self, order: Order) -> bool:
        return order.service.rate * order.unit > order.rate * order.service.unit

    def shortfall(self, order: Order, rules: RuleBook) -> Decimal:
        service = order.service
        rule = rules.rule_for(
            service_id=service.pk, subcategory_id=service.subcategory_id, category_id=service.category_id
        )
        return shortfall(charge=order.charge, quantity=order.quantity, rate=service.rate, unit=service.unit, rule=rule)

    def title(self, order: Order) -> str:
        return f"Order {order.pk}"

    def charge_and_cost(self, order: Order) -> tuple[Decimal, Decimal]:
        return order.charge, quote_for(order.service, order.quantity).cost

    def on_held(self, order: Order, note: str, now: datetime) -> None:
        order.changed_at = now
        OrderEvent.objects.create(order=order, kind=OrderEvent.Kind.HELD, note=note, at=now)


GUARD = _OrderGuard()
