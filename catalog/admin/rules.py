"""Mark-up rules in the admin."""

from decimal import Decimal

from django.contrib import admin
from django.utils import timezone
from unfold.admin import TabularInline
from unfold.decorators import display

from catalog.admin.preview import WHAT_IT_ADDS, PreviewedRules
from catalog.admin_forms import MarkupRuleForm, StepsFormSet
from catalog.models import (
    MarkupRule,
    PriceStep,
)
from catalog.preview import Preview
from catalog.reprice import reprice, what_if


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
    kept = "Orders already placed keep theirs."
    inlines = (StepInline,)
    list_select_related = ("category", "subcategory__category", "service", "group")
    search_fields = ("service__name", "subcategory__name", "category__name", "group__name")
    autocomplete_fields = ("category", "subcategory", "service", "group")
    fieldsets = (
        ("Where it holds", {"fields": (("category", "subcategory", "service"), ("group", "active"))}),
        WHAT_IT_ADDS,
    )

    @display(description="Holds for")
    def place(self, rule: MarkupRule) -> str:
        return str(rule.service or rule.subcategory or rule.category or "Everything")

    def preview(self, rule: MarkupRule, steps: list[tuple[int, Decimal]], *, gone: bool = False) -> Preview:
        """What the rule would do to the prices of services."""
        return what_if(rule, steps, gone=gone)

    def reprice(self) -> int:
        """Set the general prices by the rules as they are now; how many changed."""
        return reprice(now=timezone.now())
