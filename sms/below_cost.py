"""Hold back a purchase whose numbers cost more than when it was placed: the vendor charges the price of now.

What happens to it is a setting, BELOW_COST: `hold` it for an operator, `refuse` it, or `send` it all the same.
"""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from catalog.pricing import RuleBook, shortfall
from core.alerts import alert, resolve
from core.models import Alert
from core.money import ZERO, show
from sms.models import Purchase, PurchaseEvent
from sms.pricing import rule_book
from sms.states import PLACED
from upstream.forwarding import BelowCost


def loss(purchase: Purchase, rules: RuleBook | None = None) -> Decimal:
    """USD that the purchase would now earn too little, by its project's cost and its rule's minimum margin.

    Zero where the cost did not rise: a rule that was made stricter holds for purchases placed after it.
    """
    project = purchase.project
    if settings.BELOW_COST == "send" or project.cost <= purchase.cost:
        return ZERO
    rule = (rules or rule_book()).rule_for(project_id=project.pk, country_id=project.country_id)
    return shortfall(charge=purchase.total, quantity=purchase.quantity, rate=project.cost, unit=1, rule=rule)


def hold(purchase: Purchase, missing: Decimal, now: datetime) -> None:
    """Keep a locked purchase from going out until an operator decides; its money stays on hold."""
    cost = purchase.project.cost * purchase.quantity
    note = f"charged {show(purchase.total)}, it would cost {show(cost)} now: {show(missing)} below the least margin"
    purchase.below_cost = BelowCost.HELD
    purchase.save(update_fields=["below_cost"])
    PurchaseEvent.objects.create(purchase=purchase, note=f"held back: {note}", at=now)
    alert(
        key=alert_key(purchase),
        subject=f"Purchase {purchase.pk} of numbers is held back: it would be sold below cost",
        detail=f"{note}.\nSend it all the same or give it up in the admin. It goes out by itself if the cost falls.",
        severity=Alert.Severity.CRITICAL,
        now=now,
    )


def release(*, now: datetime) -> int:
    """Let go the purchases that are no longer a loss; returns how many."""
    held = list(Purchase.objects.filter(state=PLACED, below_cost=BelowCost.HELD).select_related("project"))
    rules = rule_book() if held else None
    fit = [purchase.pk for purchase in held if not loss(purchase, rules)]
    for pk in fit:
        with transaction.atomic():
            freed = Purchase.objects.filter(pk=pk, state=PLACED, below_cost=BelowCost.HELD)
            if freed.update(below_cost="", not_before=now):
                resolve(key=f"purchase:{pk}:cost", now=now)
    return len(fit)


def alert_key(purchase: Purchase) -> str:
    """What the operators' alert about it is filed under."""
    return f"purchase:{purchase.pk}:cost"
