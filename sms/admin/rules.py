"""Mark-up rules of numbers in the admin."""

from decimal import Decimal

from django.contrib import admin
from django.utils import timezone
from unfold.decorators import display

from catalog.admin.preview import WHAT_IT_ADDS, PreviewedRules
from catalog.preview import Preview
from sms.admin_forms import MarkupRuleForm
from sms.models import MarkupRule
from sms.pricing import reprice, what_if


@admin.register(MarkupRule)
class MarkupRuleAdmin(PreviewedRules):
    noun = "projects"
    form = MarkupRuleForm
    kept = "Numbers already bought keep theirs."
    list_select_related = ("country", "project__site", "project__country", "group")
    search_fields = ("project__site__name", "project__country__name", "country__name", "group__name")
    autocomplete_fields = ("country", "project", "group")
    fieldsets = (
        ("Where it holds", {"fields": (("country", "project"), ("group", "active"))}),
        WHAT_IT_ADDS,
    )

    @display(description="Holds for")
    def place(self, rule: MarkupRule) -> str:
        return str(rule.project or rule.country or "All numbers")

    def preview(self, rule: MarkupRule, steps: list[tuple[int, Decimal]], *, gone: bool = False) -> Preview:
        """What the rule would do to the prices of numbers, which have no steps."""
        return what_if(rule, gone=gone)

    def reprice(self) -> int:
        """Set the general prices by the rules as they are now; how many changed."""
        return reprice(now=timezone.now())
