"""Promotion codes in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from catalog.admin_forms import PromotionForm
from catalog.models import (
    Promotion,
)
from core.admin_base import (
    NOTHING,
    ShopAdmin,
    list_link,
    moment_column,
    usd,
)


@admin.register(Promotion)
class PromotionAdmin(ShopAdmin):
    """Promotion codes. What a code takes off stays as it was made: customers were told. End it, and make another."""

    form = PromotionForm
    list_display = ("code", "takes_off", "begins", "ends", "limits", "active", "uses")
    list_filter = ("active", ("category", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = ("code", "note")
    autocomplete_fields = ("category",)
    fieldsets = (
        (None, {"fields": (("code", "active"), ("percent", "fixed"))}),
        ("For what", {"fields": (("category", "minimum_charge"),)}),
        ("When, and how often", {"fields": (("begins_at", "ends_at"), ("most_uses", "most_uses_each"))}),
        (None, {"fields": ("note", "uses")}),
    )

    begins = moment_column("begins_at", "From")
    ends = moment_column("ends_at", "Until")

    @display(description="Takes off")
    def takes_off(self, promotion: Promotion) -> str:
        return f"{promotion.percent.normalize():f}%" if promotion.percent else usd(promotion.fixed)

    @display(description="Uses at most")
    def limits(self, promotion: Promotion) -> str:
        limits = [(promotion.most_uses, "in all"), (promotion.most_uses_each, "each")]
        return ", ".join(f"{most:,} {words}" for most, words in limits if most is not None) or "No limit"

    @display(description="Uses")
    def uses(self, promotion: Promotion) -> SafeString | str:
        # A page of a room above this one, known by address alone.
        if promotion.pk is None:
            return NOTHING
        return list_link("orders_promotionuse_changelist", "Its uses", promotion__id__exact=promotion.pk)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("uses",) if obj is None else ("uses", "code", "percent", "fixed", "category", "minimum_charge")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
