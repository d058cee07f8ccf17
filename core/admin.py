"""Alerts in the admin: what waits for a person, open matters first. And the rates of exchange that customers see."""

import re
from datetime import datetime
from typing import Any

from babel.numbers import is_currency
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from core import alerts
from core.admin_acts import Act, ActsAdmin, Done
from core.admin_base import (
    NOTHING,
    ReadOnlyAdmin,
    ShopAdmin,
    lines_column,
    moment,
    moment_column,
    page_link,
    pill,
    text_column,
)
from core.models import Alert, ExchangeRate, StaffAct
from core.money import CURRENCY

# The page behind the first words of a key, such as `order:17:uncertain`.
_PAGES = {
    "order": "orders_order_change",
    "service": "catalog_service_change",
    "purchase": "sms_purchase_change",
    "number": "sms_number_change",
    "project": "sms_project_change",
    "customer": "accounts_user_change",
}
_COLOURS = {"INFO": "info", "WARNING": "warning", "CRITICAL": "danger"}
_KEY = re.compile(r"(?P<kind>[a-z]+):(?P<pk>[0-9]{1,18}):")


class ExchangeRateForm(forms.ModelForm):
    """A rate whose currency is one."""

    class Meta:
        model = ExchangeRate
        fields = ("currency", "rate", "as_of")

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).upper()
        if code == CURRENCY or not is_currency(code):
            raise forms.ValidationError("Enter the ISO 4217 code of a currency other than USD, such as EUR.")
        return code


class OpenFilter(admin.SimpleListFilter):
    """Open alerts unless something else is asked for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("resolved", "Resolved"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            # Django's own “All” is what stands for no parameter: here, open ones.
            if choice["query_string"] == changelist.get_query_string(remove=[self.parameter_name]):
                choice["display"] = "Open"
            yield choice

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        match self.value():
            case "resolved":
                return queryset.exclude(resolved_at=None)
            case "all":
                return queryset
            case _:
                return queryset.filter(resolved_at=None)


class Resolve(Act[Alert]):
    """Close an alert."""

    path = "resolve"
    title = "Mark as resolved"
    button = "Mark as resolved"
    icon = "check"
    permission = "core.change_alert"

    def fits(self) -> bool:
        return self.row.resolved_at is None

    def says(self) -> list[str]:
        return [
            "The alert leaves the list of open ones. Nothing else changes, and no money moves: where an order or a "
            "service is behind it, look after that first.",
            "If the matter comes up again, a new alert is raised.",
        ]

    def facts(self) -> list[tuple[str, str]]:
        return [("Alert", self.row.subject)]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        alerts.resolve(key=self.row.key, now=now)
        return Done("The alert is resolved.")


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin, ActsAdmin):
    list_display = ("what", "level", "page", "times", "first", "last", "open")
    list_filter = (OpenFilter, "severity")
    search_fields = ("subject", "detail", "key")
    ordering = (F("resolved_at").asc(nulls_first=True), "-last_at")
    fields = (
        "subject",
        "detail_text",
        ("level", "page", "key"),
        ("times", "first", "last", "resolved"),
        ("hook",),
    )
    readonly_fields = ("detail_text", "level", "page", "first", "last", "resolved", "hook")
    actions = ("mark_as_resolved",)
    acts = (Resolve,)

    what = text_column("subject", "Subject", most=120)
    first = moment_column("first_at", "First")
    last = moment_column("last_at", "Last")
    resolved = moment_column("resolved_at", "Resolved")

    detail_text = lines_column("detail", "Detail")

    @display(description="Severity", ordering="severity")
    def level(self, alert: Alert) -> SafeString:
        return pill(alert.get_severity_display().partition(":")[0], _COLOURS[alert.severity])

    @display(description="Open", boolean=True)
    def open(self, alert: Alert) -> bool:
        return alert.resolved_at is None

    @display(description="About")
    def page(self, alert: Alert) -> SafeString | str:
        known = _KEY.match(alert.key)
        if known is None or known["kind"] not in _PAGES:
            return NOTHING
        return page_link(_PAGES[known["kind"]], known["pk"], f"{known['kind'].capitalize()} {known['pk']}")

    @display(description="Posted to the hook")
    def hook(self, alert: Alert) -> str:
        if alert.hook_sent_at is not None:
            return moment(alert.hook_sent_at)
        if alert.hook_error:
            again = f"; tried again at {moment(alert.hook_due_at)}" if alert.hook_due_at else "; given up"
            return f"Not yet: {alert.hook_error}, {alert.hook_tries} tries{again}"
        return "Not yet" if alert.hook_due_at else NOTHING

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(Resolve.permission)

    @admin.action(description="Mark as resolved", permissions=["resolve"])
    def mark_as_resolved(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        open_ones = list(queryset.filter(resolved_at=None))
        with transaction.atomic():
            for alert in open_ones:
                alerts.resolve(key=alert.key, now=timezone.now())
                self.log_change(request, alert, Resolve.title)
        self.message_user(request, f"{len(open_ones)} resolved.", messages.SUCCESS)


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ShopAdmin):
    """What a dollar is in other currencies; customers see the one that SECOND_CURRENCY names, as approximate."""

    list_display = ("currency", "rate", "as_of", "shown")
    form = ExchangeRateForm

    @display(description="Shown to customers", boolean=True)
    def shown(self, rate: ExchangeRate) -> bool:
        return rate.currency == settings.SECOND_CURRENCY


@admin.register(StaffAct)
class StaffActAdmin(ReadOnlyAdmin):
    """What staff did: to be read, by owners. Nobody can change it, in the database neither."""

    list_display = ("when", "who", "kind", "about", "what", "why", "address")
    list_filter = ("kind", "at", "table")
    list_select_related = ("actor",)
    search_fields = ("actor__email", "said", "reason", "=row", "=address")
    search_help_text = "Who, what, why, the number of a row, or the address it came from"
    ordering = ("-pk",)
    fields = (("when", "who", "kind"), ("about", "address", "agent"), "said", "reason", "changed")
    readonly_fields = ("when", "who", "about", "changed")

    when = moment_column("at", "When", exact=True)
    what = text_column("said", "What", most=120)
    why = text_column("reason", "Reason", most=80)

    @display(description="Who")
    def who(self, act: StaffAct) -> str:
        return str(act.actor) if act.actor_id else act.agent or NOTHING

    @display(description="About")
    def about(self, act: StaffAct) -> SafeString | str:
        if not act.table or not act.row:
            return NOTHING
        app, _, name = act.table.partition(".")
        try:
            return page_link(f"{app}_{name}_change", act.row, f"{name} {act.row}")
        except NoReverseMatch:
            return f"{name} {act.row}"

    @display(description="Before and after")
    def changed(self, act: StaffAct) -> SafeString | str:
        lines = [(field, *map(str, values)) for field, values in act.changes.items()]
        return format_html_join("", "<p>{}: {} → {}</p>", lines) or NOTHING
