"""Mark-up rules in the admin."""

from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.decorators import display

from catalog.admin.preview import PreviewedRules
from catalog.admin_forms import ONLY_RULE, MarkupRuleForm, StepsFormSet
from catalog.models import (
    MarkupRule,
    PriceStep,
)
from catalog.preview import Preview
from catalog.reprice import reprice, what_if
from core.admin_base import (
    usd_column,
)


class StepInline(TabularInline):
    """The prices of large orders."""

    model = PriceStep
    formset = StepsFormSet
    fields = ("from_quantity", "percent")
    extra = 0
    verbose_name = "step"
    verbose_name_plural = "Steps: from so many pieces in one order on, this percentage instead"


@admin.register(MarkupRule)
class MarkupRuleAdmin(PreviewedRules):
    form = MarkupRuleForm
    inlines = (StepInline,)
    list_display = ("place", "group", "percent_text", "fixed_usd", "minimum_usd", "rounding_usd", "active")
    list_filter = ("active", "group")
    list_select_related = ("category", "subcategory__category", "service", "group")
    search_fields = ("service__name", "subcategory__name", "category__name", "group__name")
    autocomplete_fields = ("category", "subcategory", "service", "group")
    fieldsets = (
        ("Where it holds", {"fields": (("category", "subcategory", "service"), ("group", "active"))}),
        ("What it adds", {"fields": (("percent", "fixed"), ("minimum_margin", "rounding"))}),
    )

    @display(description="Holds for")
    def place(self, rule: MarkupRule) -> str:
        return str(rule.service or rule.subcategory or rule.category or "Everything")

    @display(description="Percent", ordering="percent")
    def percent_text(self, rule: MarkupRule) -> str:
        return f"{rule.percent.normalize():f}%"

    fixed_usd = usd_column("fixed", "Fixed")
    minimum_usd = usd_column("minimum_margin", "Minimum margin")
    rounding_usd = usd_column("rounding", "Rounded up to")

    def preview(self, rule: MarkupRule, steps: list[tuple[int, Decimal]], *, gone: bool = False) -> Preview:
        """What the rule would do to the prices of services."""
        return what_if(rule, steps, gone=gone)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        self._reprice(request)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        found, counts, lacking, protected = super().get_deleted_objects(objs, request)
        kept = [f"{rule}. {ONLY_RULE}" for rule in objs if rule.holds_alone]
        return found, counts, lacking, [*protected, *kept]

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self._reprice(request)

    def _reprice(self, request: HttpRequest) -> None:
        changed = reprice(now=timezone.now())
        what = {0: "No price changed.", 1: "1 price changed."}.get(changed, f"{changed:,} prices changed.")
        what = f"General prices: {what[0].lower()}{what[1:]} A group's are reckoned as they are shown."
        self.message_user(request, f"{what} Orders already placed keep theirs.", messages.INFO)
