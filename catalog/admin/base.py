"""What the pages of the catalogue in the admin share."""

from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.admin_base import (
    ShopAdmin,
)


class NothingDeleted(ShopAdmin):
    """Rows that syncs make: they are neither added nor deleted by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def stacked(first: object, second: object) -> SafeString:
    """Two texts in one cell, the second small below the first."""
    return format_html('<div>{} <span class="block text-xs">{}</span></div>', first, second)


def arrow(old: str, new: str) -> str:
    """`$1.00 → $1.20`, or one of them where nothing moved."""
    return new if old == new else f"{old} → {new}"
