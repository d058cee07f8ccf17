"""What a purchase of numbers would cost by now, for `catalog.below_cost`."""

from datetime import datetime
from decimal import Decimal

from catalog.pricing import RuleBook, shortfall
from sms.models import Purchase, PurchaseEvent
from sms.pricing import everybodys


class _NumbersGuard:
    """How purchases of numbers are kept from being sold below cost."""

    model = Purchase
    sold = "project"

    def rules(self) -> RuleBook:
        return everybodys()

    def rose(self, purchase: Purchase) -> bool:
        return purchase.project.cost > purchase.cost

    def shortfall(self, purchase: Purchase, rules: RuleBook) -> Decimal:
        project = purchase.project
        group = purchase.customer.group_id
        rule = rules.rule_for(group_id=group, project_id=project.pk, country_id=project.country_id)
        return shortfall(charge=purchase.total, quantity=purchase.quantity, rate=project.cost, unit=1, rule=rule)

    def title(self, purchase: Purchase) -> str:
        return f"Purchase {purchase.pk} of numbers"

    def charge_and_cost(self, purchase: Purchase) -> tuple[Decimal, Decimal]:
        return purchase.total, purchase.project.cost * purchase.quantity

    def on_held(self, purchase: Purchase, note: str, now: datetime) -> None:
        PurchaseEvent.objects.create(purchase=purchase, note=f"held back: {note}", at=now)


GUARD = _NumbersGuard()
