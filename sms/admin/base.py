"""What the pages of numbers in the admin share."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.admin_base import NOTHING


def stacked(first: object, second: object) -> SafeString:
    """Two texts in one cell, the second small below the first."""
    return format_html('<div>{} <span class="block text-xs">{}</span></div>', first, second)


def seconds(wait: float | None) -> str:
    """`12 s`; a dash for nothing."""
    return NOTHING if wait is None else f"{wait:,.0f} s"
