"""How prices moved, every sync, and who waits for what."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from kombu.exceptions import OperationalError
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display

from catalog import tasks
from catalog.admin.base import arrow
from catalog.models import (
    PriceChange,
    StockWish,
    SyncRun,
)
from core import record
from core.admin_acts import show_page
from core.admin_base import (
    NOTHING,
    ReadOnlyAdmin,
    lines_column,
    moment_column,
    pill,
    text_column,
    took,
    usd,
)
from core.models import StaffAct


@admin.register(PriceChange)
class PriceChangeAdmin(ReadOnlyAdmin):
    list_display = ("changed", "service", "costs", "prices")
    list_select_related = ("service",)
    date_hierarchy = "changed_at"
    search_fields = ("service__name",)
    search_numbers = ("service_id", "service__upstream_id")
    search_help_text = "Number or name of the service"
    fields = (("service", "changed"), ("costs", "prices"))
    readonly_fields = ("changed", "costs", "prices")

    changed = moment_column("changed_at", "When")

    @display(description="Cost")
    def costs(self, change: PriceChange) -> str:
        return arrow(usd(change.old_rate), usd(change.new_rate))

    @display(description="Price")
    def prices(self, change: PriceChange) -> str:
        return arrow(usd(change.old_price), usd(change.new_price))


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    list_display = (
        *("started", "outcome", "took", "seen", "added", "changed", "withdrawn", "skipped", "short_problem"),
    )
    list_filter = ("ok", "kind")
    search_fields = ("problem",)
    actions_list = ("synchronise",)
    fields = (
        ("kind", "outcome", "whole"),
        ("started", "finished", "took"),
        ("seen", "added", "changed", "withdrawn", "skipped"),
        "full_problem",
        "rows",
    )
    readonly_fields = ("outcome", "started", "finished", "took", "full_problem", "rows")

    started = moment_column("started_at", "Started")
    finished = moment_column("finished_at", "Finished")
    full_problem = lines_column("problem", "Problem")
    short_problem = text_column("problem", "Problem", most=90)

    @display(description="Outcome")
    def outcome(self, run: SyncRun) -> SafeString:
        if run.finished_at is None:
            return pill("Under way", "info")
        return pill("Done", "success") if run.ok else pill("Failed", "danger")

    @display(description="Took")
    def took(self, run: SyncRun) -> str:
        return took(run.started_at, run.finished_at)

    @display(description="Rows that were skipped (the first 100)")
    def rows(self, run: SyncRun) -> SafeString | str:
        return format_html_join("", "<p>{}</p>", [(row,) for row in run.skipped_rows]) or NOTHING

    def has_synchronise_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalog.add_syncrun")

    @action(description="Synchronise now", icon="sync", permissions=["synchronise"])
    def synchronise(self, request: HttpRequest) -> HttpResponse:
        """Hand a sync to the workers."""
        runs = reverse("admin:catalog_syncrun_changelist")
        if request.method != "POST":
            return show_page(
                self,
                request,
                title="Synchronise now",
                says=[
                    "A worker copies the vendor's catalogue into ours now, as it does by itself every few minutes.",
                    "Costs and prices may change; orders already placed keep theirs. No money moves.",
                ],
                button="Synchronise now",
                back=runs,
            )
        try:
            tasks.sync.apply_async(retry=False)
        except (OperationalError, OSError):
            self.message_user(
                request,
                "The broker is away, so no worker can be told: nothing was started. When it is back, beat starts a "
                "sync by itself; without it, `manage.py sync_catalog` does the same.",
                messages.ERROR,
            )
        else:
            record.note(kind=StaffAct.Kind.ACT, said="Asked for a sync of the catalogue.", request=request)
            self.message_user(
                request, "The workers are told. The run stands here as soon as one begins it.", messages.SUCCESS
            )
        return HttpResponseRedirect(runs)


@admin.register(StockWish)
class StockWishAdmin(ReadOnlyAdmin):
    """Who waits for what: a hint of what to look for elsewhere."""

    list_display = ("service_name", "customer", "wished", "due", "told")
    list_filter = (("service", AutocompleteSelectFilter),)
    list_filter_submit = True
    list_select_related = ("service", "customer")
    search_fields = ("customer__email",)
    search_numbers = ("service_id",)

    service_name = text_column("service", "Service")
    wished = moment_column("wished_at", "Wished")
    due = moment_column("due_at", "Back in stock")
    told = moment_column("told_at", "Told in the shop")
