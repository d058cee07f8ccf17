"""Mark-up rules of numbers in the admin."""

from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from catalog.admin.preview import PreviewedRules
from catalog.preview import Preview
from core.admin_base import (
    usd_column,
)
from sms.admin_forms import ONLY_RULE, MarkupRuleForm
from sms.models import MarkupRule
from sms.pricing import reprice, what_if


@admin.register(MarkupRule)
class MarkupRuleAdmin(PreviewedRules):
    noun = "projects"
    form = MarkupRuleForm
    list_display = ("place", "group", "percent_text", "fixed_usd", "minimum_usd", "rounding_usd", "active")
    list_filter = ("active", "group")
    list_select_related = ("country", "project__site", "project__country", "group")
    search_fields = ("project__site__name", "project__country__name", "country__name", "group__name")
    autocomplete_fields = ("country", "project", "group")
    fieldsets = (
        ("Where it holds", {"fields": (("country", "project"), ("group", "active"))}),
        ("What it adds", {"fields": (("percent", "fixed"), ("minimum_margin", "rounding"))}),
    )

    @display(description="Holds for")
    def place(self, rule: MarkupRule) -> str:
        return str(rule.project or rule.country or "All numbers")

    @display(description="Percent", ordering="percent")
    def percent_text(self, rule: MarkupRule) -> str:
        return f"{rule.percent.normalize():f}%"

    fixed_usd = usd_column("fixed", "Fixed")
    minimum_usd = usd_column("minimum_margin", "Minimum margin")
    rounding_usd = usd_column("rounding", "Rounded up to")

    def preview(self, rule: MarkupRule, steps: list[tuple[int, Decimal]], *, gone: bool = False) -> Preview:
        """What the rule would do to the prices of numbers, which have no steps."""
        return what_if(rule, gone=gone)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
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
        self.message_user(request, f"{what} Numbers already bought keep theirs.", messages.INFO)
