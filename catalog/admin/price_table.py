"""The table of a preview, as the admin's components draw it."""

from collections.abc import Iterable
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from catalog.preview import Change, Ladder
from core.admin_base import margin, per_unit, pill


def preview_table(changes: Iterable[Change]) -> dict[str, Any]:
    """Headers and rows: what it is, old and new price, cost, and what is earned."""
    return {
        "headers": ["What", "Price now", "Price then", "Change", "Cost", "Margin then"],
        "rows": [_cells(change) for change in changes],
    }


def _cells(change: Change) -> list[Any]:
    row = change.row
    name = format_html('<span class="block min-w-52">{}</span>', Truncator(row.name).chars(80))
    floored = pill("Least margin", "warning") if change.floored else ""
    return [
        name,
        _prices(change.old, row.unit),
        _prices(change.new, row.unit),
        f"{change.share:+.1%}",
        per_unit(row.cost, row.unit),
        format_html("{} {}", margin(row.cost, change.new[0][1]), floored),
    ]


def _prices(ladder: Ladder, unit: int) -> SafeString:
    """A price, and below it those of larger orders."""
    first, *steps = ladder
    each = ((f"{start:,}", per_unit(price, unit)) for start, price in steps)
    below = format_html_join("", '<span class="block text-xs">from {}: {}</span>', each)
    return format_html('<span class="whitespace-nowrap">{}</span>{}', per_unit(first[1], unit), below)
