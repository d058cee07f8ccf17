"""How the cost and the price of one service moved: a chart, and the same as a table."""

from typing import Any

from catalog.models import PriceChange, Service
from core.admin_base import margin, moment, unbroken, usd

SHOWN = 30
WIDTH, HEIGHT, EDGE = 720, 160, 6


def price_history(service: Service) -> dict[str, Any] | None:
    """The newest changes as a table, newest first, and as lines of a chart, oldest first; None without any."""
    changes = list(PriceChange.objects.filter(service=service).order_by("-pk")[:SHOWN])
    if not changes:
        return None
    table = {
        "headers": ["When", "Cost", "Price", "Margin then"],
        "rows": [
            [
                unbroken(moment(each.changed_at)),
                usd(each.new_rate),
                usd(each.new_price),
                margin(each.new_rate, each.new_price),
            ]
            for each in changes
        ],
    }
    return {"table": table, "chart": _chart(changes[::-1]), "most": SHOWN}


def _chart(changes: list[PriceChange]) -> dict[str, Any]:
    """Points of stepped lines: a price stays until it changes. Changes stand side by side, however long apart."""
    prices = [changes[0].old_price, *(each.new_price for each in changes)]
    costs = [changes[0].old_rate, *(each.new_rate for each in changes)]
    most = max(*prices, *costs)
    column = (WIDTH - 2 * EDGE) / len(prices)

    def line(values: list[Any]) -> str:
        points = []
        for number, value in enumerate(values):
            height = HEIGHT - EDGE - float(value / most) * (HEIGHT - 2 * EDGE)
            left = EDGE + number * column
            points += [f"{left:.1f},{height:.1f}", f"{left + column:.1f},{height:.1f}"]
        return " ".join(points)

    return {
        "width": WIDTH,
        "height": HEIGHT,
        "price": line(prices),
        "cost": line(costs),
        "label": f"Price from {usd(prices[0])} to {usd(prices[-1])}, cost from {usd(costs[0])} to {usd(costs[-1])}",
        "top": usd(most),
    }
