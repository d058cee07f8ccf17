"""What is sold: countries, sites, and sites in countries. What the vendor says of them is read-only."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from catalog.admin.base import NothingDeleted
from core.admin_acts import ActsAdmin
from core.admin_base import (
    NOTHING,
    list_link,
    margin,
    moment_column,
    number_column,
    page_link,
    pill,
    usd_column,
)
from sms.admin.base import seconds, stacked
from sms.admin_acts import PutBackOnSale
from sms.admin_forms import CountryForm
from sms.models import Country, MarkupRule, Project, Site
from sms.resume import resume
from sms.statistics import ENOUGH, WINDOW


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
        return seconds(row.wait.total_seconds() if isinstance(row.wait, timedelta) else None)


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
        return stacked(Truncator(project.site.name).chars(60), project.country.name)

    @display(description="State", ordering="state")
    def label(self, project: Project) -> SafeString:
        if project.state == Project.State.SUSPENDED:
            return pill("Suspended", "danger")
        if project.state == Project.State.WITHDRAWN:
            return pill("Withdrawn", "")
        return pill("Hidden", "warning") if project.hidden else pill("On sale", "success")

    @display(description="Margin")
    def margin(self, project: Project) -> SafeString:
        return stacked(*margin(project.cost, project.price).split(" ", 1))

    @display(description="With a code", ordering="delivery_rate")
    def delivered(self, project: Project) -> str:
        return NOTHING if project.delivery_rate is None else f"{project.delivery_rate}%"

    @display(description="Median wait", ordering="median_seconds")
    def waited(self, project: Project) -> str:
        return seconds(project.median_seconds)

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
        with transaction.atomic():
            changed = list(queryset.exclude(hidden=hidden))
            queryset.update(hidden=hidden)
            self.log_changes(request, changed, f"{word}.")
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
