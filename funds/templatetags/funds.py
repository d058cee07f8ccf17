"""What the wallet's page says of adding funds, though it knows no payment."""

from decimal import Decimal
from typing import Any

from django import template
from django.conf import settings
from django.template.context import Context

from core import money
from funds import debts, methods
from funds.models import Batch, Bonus, TopUp

register = template.Library()


@register.filter
def percent(value: Decimal) -> str:
    """`2.9%`, `3%`."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{text}%"


@register.filter
def hundredths(value: Decimal) -> str:
    """A percentage in hundredths, for the data attributes that `funds.js` counts with."""
    return str(int(value * 100))


@register.filter
def usd_short(amount: Decimal) -> str:
    """`$25`, `$12.50`: for buttons."""
    return money.show(Decimal(amount)).removesuffix(".00")


@register.filter
def plain_usd(amount: Decimal) -> str:
    """`25`, `12.50`: as one types it."""
    return money.plain(Decimal(amount)).removesuffix(".00")


@register.filter
def steps_data(steps: list[Bonus]) -> str:
    """`100000000:300 …`: from which amount in micros on how many hundredths of a percent are added."""
    return " ".join(f"{money.to_micros(step.from_amount)}:{hundredths(step.percent)}" for step in steps)


@register.inclusion_tag("funds/help.html")
def funds_help() -> dict[str, Any]:
    """The operator's own words on how to add funds."""
    return {"funds_help": settings.FUNDS_HELP}


@register.inclusion_tag("funds/panel.html", takes_context=True)
def funds_panel(context: Context) -> dict[str, Any]:
    """What is owed, what is under way, and how to add funds: FUNDS_HELP where no way to pay is offered."""
    user: Any = context["request"].user
    moving = TopUp.objects.filter(customer=user, state__in=TopUp.MOVING).select_related("method").order_by("-pk")
    offered = bool(methods.offered())
    return {
        "owed": debts.owed(user),
        "offered": offered,
        "steps": methods.steps() if offered else [],
        "moving": list(moving[:3]),
        "vouchers": not offered and Batch.objects.exists(),
        "funds_help": settings.FUNDS_HELP,
        "user": user,
    }
