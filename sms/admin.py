"""Numbers in the admin: what is sold where, what is added to its cost, and every purchase with what came of it.

What the vendor says of a project is read-only: the next sync would write it anew. Nothing is deleted, since purchases
name it; what should not be sold is hidden. The codes that customers got are shown only after a yes.
"""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from catalog.admin import NothingDeleted
from core.admin_acts import ActsAdmin
from core.admin_base import (
    NOTHING,
    ShopAdmin,
    list_link,
    margin,
    moment_column,
    number_column,
    page_link,
    pill,
    usd_column,
)
from sms.admin_acts import PutBackOnSale
from sms.admin_forms import ONLY_RULE, CountryForm, MarkupRuleForm
from sms.models import Country, MarkupRule, Project, Site
from sms.pricing import reprice
from sms.resume import resume
from sms.statistics import ENOUGH, WINDOW


def _stacked(first: object, second: object) -> SafeString:
    """Two texts in one cell, the second small below the first."""
    return format_html('<div>{} <span class="block text-xs">{}</span></div>', first, second)


def _seconds(wait: float | None) -> str:
    return NOTHING if wait is None else f"{wait:,.0f} s"


# ── What is sold ───────────────────────────────────────────────────────────────────────────────────


class Told(NothingDeleted):
    """Rows with how their numbers ended lately."""

    numbers_path = ""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        if request.resolver_match and request.resolver_match.url_name == "autocomplete":
            return rows
        numbers = self.numbers_path
        lately = Q(**{f"{numbers}__finished_at__gte": timezone.now() - WINDOW})
        wait = ExpressionWrapper(
            F(f"{numbers}__first_code_at") - F(f"{numbers}__received_at"), output_field=DurationField()
        )
        return rows.annotate(
            ended=Count(numbers, filter=lately),
            with_code=Count(f"{numbers}__first_code_at", filter=lately),
            wait=Avg(wait, filter=lately),
        )

    @display(description=f"Numbers, last {WINDOW.days} days", ordering="ended")
    def lately(self, row: Any) -> str:
        return f"{row.ended:,}"

    @display(description="With a code")
    def delivered(self, row: Any) -> str:
        return f"{row.with_code / row.ended:.0%}" if row.ended else NOTHING

    @display(description="Average wait", ordering="wait")
    def waited(self, row: Any) -> str:
        return _seconds(row.wait.total_seconds() if isinstance(row.wait, timedelta) else None)


@admin.register(Country)
class CountryAdmin(Told):
    form = CountryForm
    numbers_path = "projects__purchases__numbers"
    list_display = ("name", "code", "region", "hidden", "lately", "delivered", "waited", "projects")
    list_editable = ("hidden",)
    list_filter = ("hidden",)
    search_fields = ("name", "code__iexact", "region__iexact")
    fields = (("name", "code"), ("region", "hidden"), ("lately", "delivered", "waited"), "projects")
    readonly_fields = ("name", "code", "lately", "delivered", "waited", "projects")

    @display(description="Projects")
    def projects(self, country: Country) -> SafeString:
        return list_link("sms_project_changelist", "Its projects", country__id__exact=country.pk)


@admin.register(Site)
class SiteAdmin(Told):
    numbers_path = "projects__purchases__numbers"
    list_display = ("name", "hidden", "lately", "delivered", "waited", "projects")
    list_editable = ("hidden",)
    list_filter = ("hidden",)
    search_fields = ("name", "folded")
    fields = (("name", "hidden"), ("lately", "delivered", "waited"), "projects")
    readonly_fields = ("name", "lately", "delivered", "waited", "projects")

    @display(description="Countries")
    def projects(self, site: Site) -> SafeString:
        return list_link("sms_project_changelist", "Its countries", site__id__exact=site.pk)


@admin.register(Project)
class ProjectAdmin(NothingDeleted, ActsAdmin):
    list_display = ("what", "label", "cost_usd", "price_usd", "margin", "delivered", "waited", "sold")
    list_display_links = ("what",)
    list_filter = ("state", "hidden", ("site", AutocompleteSelectFilter), ("country", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("site", "country")
    search_fields = ("site__name", "country__name", "upstream_id__iexact")
    search_help_text = "Site, country, or the vendor's id"
    actions = ("hide", "show", "put_back_on_sale")
    acts = (PutBackOnSale,)
    readonly_fields = (
        *("site", "country", "label", "number", "upstream_id", "cost_usd", "price_usd", "margin", "rule"),
        *("delivered", "waited", "sold", "changed"),
    )
    fieldsets = (
        (None, {"fields": (("site", "country"), ("label", "hidden"), ("number", "upstream_id", "changed"))}),
        ("Price", {"fields": (("cost_usd", "price_usd", "margin"), "rule")}),
        (
            "How it goes",
            {
                "fields": (("delivered", "waited", "sold"),),
                "description": f"Of the numbers that ended in the last {WINDOW.days} days, from {ENOUGH} on. "
                "Customers read it as “usually delivers”.",
            },
        ),
    )

    number = number_column("Our number")
    cost_usd = usd_column("cost", "Cost")
    price_usd = usd_column("price", "Price")
    changed = moment_column("changed_at", "Changed")

    @display(description="Project", ordering="site__name")
    def what(self, project: Project) -> SafeString:
        return _stacked(Truncator(project.site.name).chars(60), project.country.name)

    @display(description="State", ordering="state")
    def label(self, project: Project) -> SafeString:
        if project.state == Project.State.SUSPENDED:
            return pill("Suspended", "danger")
        if project.state == Project.State.WITHDRAWN:
            return pill("Withdrawn", "")
        return pill("Hidden", "warning") if project.hidden else pill("On sale", "success")

    @display(description="Margin")
    def margin(self, project: Project) -> SafeString:
        return _stacked(*margin(project.cost, project.price).split(" ", 1))

    @display(description="With a code", ordering="delivery_rate")
    def delivered(self, project: Project) -> str:
        return NOTHING if project.delivery_rate is None else f"{project.delivery_rate}%"

    @display(description="Median wait", ordering="median_seconds")
    def waited(self, project: Project) -> str:
        return _seconds(project.median_seconds)

    @display(description="Purchases")
    def sold(self, project: Project) -> SafeString:
        return list_link("sms_purchase_changelist", "Its purchases", project__id__exact=project.pk)

    @display(description="Mark-up rule that holds")
    def rule(self, project: Project) -> SafeString | str:
        active = MarkupRule.objects.filter(active=True, group=None).select_related(
            "country", "project__site", "project__country"
        )
        everything = {"project": None, "country": None}
        for place in ({"project": project.pk}, {"country": project.country_id}, everything):
            found = active.filter(**place).first()
            if found:
                return page_link("sms_markuprule_change", found.pk, found)
        return "None: sold at cost"

    def _hide(self, request: HttpRequest, queryset: QuerySet[Project], hidden: bool) -> None:
        word = "Hidden" if hidden else "Shown"
        changed = list(queryset.exclude(hidden=hidden))
        queryset.update(hidden=hidden)
        LogEntry.objects.log_actions(str(request.user.pk), changed, CHANGE, change_message=f"{word}.")
        self.message_user(request, f"{word}: {len(changed)} of {queryset.count()} chosen.", messages.SUCCESS)

    @admin.action(description="Hide from customers", permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        self._hide(request, queryset, True)

    @admin.action(description="Show to customers", permissions=["change"])
    def show(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        self._hide(request, queryset, False)

    @admin.action(description="Put back on sale (suspended ones)", permissions=["change"])
    def put_back_on_sale(self, request: HttpRequest, queryset: QuerySet[Project]) -> None:
        back = [project for project in queryset if resume(project_id=project.pk, now=timezone.now())]
        for project in back:
            self.log_change(request, project, "Put back on sale.")
        self.message_user(request, f"{len(back)} back on sale.", messages.SUCCESS if back else messages.WARNING)


@admin.register(MarkupRule)
class MarkupRuleAdmin(ShopAdmin):
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

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[MarkupRule]) -> None:
        super().delete_queryset(request, queryset)
        self._reprice(request)

    def _reprice(self, request: HttpRequest) -> None:
        changed = reprice(now=timezone.now())
        what = {0: "No price changed.", 1: "1 price changed."}.get(changed, f"{changed:,} prices changed.")
        what = f"General prices: {what[0].lower()}{what[1:]} A group's are reckoned as they are shown."
        self.message_user(request, f"{what} Numbers already bought keep theirs.", messages.INFO)


# At the end, since it is this app's too.
from sms.admin_purchases import NumberAdmin, PurchaseAdmin  # noqa: E402

__all__ = ["CountryAdmin", "MarkupRuleAdmin", "NumberAdmin", "ProjectAdmin", "PurchaseAdmin", "SiteAdmin"]
