"""How many of each customer's numbers got a code, for an operator to see who buys many and uses none."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from core.admin_base import ReadOnlyAdmin, moment_column
from sms.models import SuccessRate


class LowFilter(admin.SimpleListFilter):
    """Whoever has many numbers and few codes."""

    title = "success"
    parameter_name = "success"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("low", f"Below {settings.SMS_SUCCESS_BELOW} %, from {settings.SMS_SUCCESS_FROM} numbers")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SuccessRate]) -> QuerySet[SuccessRate]:
        if self.value() != "low":
            return queryset
        return queryset.filter(numbers__gte=settings.SMS_SUCCESS_FROM, percent__lt=settings.SMS_SUCCESS_BELOW)


@admin.register(SuccessRate)
class SuccessRateAdmin(ReadOnlyAdmin):
    """How many of each customer's numbers got a code in the last days (SMS_SUCCESS_DAYS)."""

    list_display = ("customer", "share", "codes", "numbers", "counted")
    list_filter = (LowFilter,)
    list_select_related = ("customer",)
    search_fields = ("customer__email",)
    search_numbers = ("customer_id",)
    ordering = ("percent", "-numbers")
    fields = (("customer", "share"), ("codes", "numbers", "counted"))
    readonly_fields = ("share", "counted")

    counted = moment_column("counted_at", "Counted")

    @display(description="Got a code", ordering="percent")
    def share(self, rate: SuccessRate) -> str:
        return f"{rate.percent} %"
