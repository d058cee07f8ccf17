"""What was earned, for the admin's first page: today, seven and thirty days, and a chart of them.

Read from the counted days (`books.models`): a few dozen rows, however many orders there are.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from books.days import day_of, each, zone_name
from books.models import Day, Progress
from core.admin_base import NOTHING, moment, usd
from core.money import ZERO
from upstream.models import BalanceReading

CENT = Decimal("0.01")
SPAN = 30
# The chart's own units: thirty slots beside each other, a hundred high above the lowest value.
SLOT = 10
HEIGHT = 100
# Days whose cost says how long our balance with the vendor lasts.
PACE_DAYS = 7
# Counted each minute; later than this and nobody counts.
LATE = timedelta(minutes=5)


@dataclass(frozen=True)
class Bar:
    """A day of the chart: where it stands, how high its two bars are, and what is said of it."""

    x: int
    revenue_y: float
    revenue_height: float
    margin_y: float
    margin_height: float
    below: bool
    row: Day


def earnings(*, now: datetime) -> dict[str, Any] | None:
    """Figures of three spans beside each other, and the chart; None while nothing has been counted."""
    progress = Progress.objects.filter(pk=1).first()
    today = day_of(now)
    if progress is None or progress.counted_at is None:
        return None
    rows = {row.day: row for row in Day.objects.filter(day__gt=today - timedelta(days=2 * SPAN), day__lte=today)}
    days = [rows.get(day) or Day(day=day) for day in each(today - timedelta(days=2 * SPAN - 1), today)]
    spans = {
        "Today": (days[-1:], None),
        "7 days": (days[-7:], days[-14:-7]),
        "30 days": (days[-SPAN:], days[-2 * SPAN : -SPAN]),
    }
    bars, highest, lowest = chart(days[-SPAN:])
    return {
        "spans": list(spans),
        "lines": [_line(title, name, spans) for title, name in _LINES],
        "bars": bars,
        "days": list(reversed(days[-SPAN:])),
        "width": SPAN * SLOT,
        "height": HEIGHT,
        "highest": rounded(highest),
        "lowest": rounded(lowest) if lowest < ZERO else "",
        "first": days[-SPAN].day,
        "last": today,
        "counted": moment(progress.counted_at),
        "late": now - progress.counted_at > LATE,
        "zone": zone_name(),
    }


_LINES = (
    ("Revenue", "revenue"),
    ("Cost", "cost"),
    ("Margin", "margin"),
    ("Placed", "placed"),
    ("Refunds", "refunds"),
)


def _line(title: str, name: str, spans: dict[str, tuple[list[Day], list[Day] | None]]) -> dict[str, Any]:
    cells = []
    for days, before in spans.values():
        now, then = _total(days, name), _total(before, name) if before else None
        text = f"{now:,}" if name == "placed" else rounded(Decimal(now))
        # A share of what was below zero says nothing.
        change = f"{(now - then) / then:+.0%}".replace("-", "−") if then and then > 0 else ""
        cells.append({"text": text, "change": change, "below": now < 0})
    return {"title": title, "cells": cells}


def _total(days: list[Day], name: str) -> Any:
    return sum((getattr(day, name) for day in days), ZERO if name != "placed" else 0)


def chart(days: list[Day]) -> tuple[list[Bar], Decimal, Decimal]:
    """A bar of revenue and one of margin for each day, and the highest and the lowest value (USD) of the scale."""
    values = [value for day in days for value in (day.revenue, day.margin)]
    highest, lowest = max([*values, ZERO]), min([*values, ZERO])
    scale = float(highest - lowest) or 1.0
    zero = HEIGHT * float(highest) / scale

    def bar(value: Decimal) -> tuple[float, float]:
        height = HEIGHT * float(abs(value)) / scale
        return round(zero - height if value > 0 else zero, 2), round(height, 2)

    return (
        [
            Bar(number * SLOT, *bar(day.revenue), *bar(day.margin), day.margin < 0, day)
            for number, day in enumerate(days)
        ],
        highest,
        lowest,
    )


def rounded(amount: Decimal) -> str:
    """The amount to the cent, where there are dollars: the reports have the rest."""
    return usd(amount.quantize(CENT) if abs(amount) >= 1 else amount)


def lasts(*, now: datetime) -> dict[str, Any]:
    """Our balance with the vendor, how old the reading is, and how many days it lasts at the cost of late."""
    reading = BalanceReading.objects.order_by("-pk").first()
    if reading is None or reading.balance is None:
        return {"balance": NOTHING, "days": None, "read": None, "balance_usd": None}
    today = day_of(now)
    cost = _cost(today - timedelta(days=PACE_DAYS), today)
    days = int(reading.balance / (cost / PACE_DAYS)) if cost > 0 else None
    return {"balance": rounded(reading.balance), "days": days, "read": reading.read_at, "balance_usd": reading.balance}


def _cost(since: date, until: date) -> Decimal:
    return sum(Day.objects.filter(day__gte=since, day__lt=until).values_list("cost", flat=True), ZERO)
