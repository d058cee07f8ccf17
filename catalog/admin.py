"""The catalogue in the admin: what is sold, what is added to its cost, how prices moved, and every sync.

What the vendor says of a service is read-only: the next sync would write it anew. Nothing is deleted, since orders
name it; what should not be sold is hidden.
"""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from kombu.exceptions import OperationalError
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import action, display

from catalog import tasks
from catalog.admin_forms import ONLY_RULE, MarkupRuleForm, PromotionForm, StepsFormSet
from catalog.models import (
    Category,
    MarkupRule,
    PriceChange,
    PriceStep,
    Promotion,
    Service,
    StockWish,
    Subcategory,
    SyncRun,
)
from catalog.reprice import reprice
from catalog.resume import resume
from core import record
from core.admin_acts import Act, ActsAdmin, Done, ReasonForm, show_page
from core.admin_base import (
    NOTHING,
    ReadOnlyAdmin,
    ShopAdmin,
    count_column,
    lines_column,
    list_link,
    margin,
    moment_column,
    number_column,
    page_link,
    per_unit,
    pill,
    text_column,
    took,
    usd,
    usd_column,
)
from core.models import StaffAct


class NothingDeleted(ShopAdmin):
    """Rows that syncs make: they are neither added nor deleted by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Category)
class CategoryAdmin(NothingDeleted):
    list_display = ("name", "position", "hidden", "warranty_days", "services")
    list_editable = ("position", "hidden")
    list_filter = ("hidden",)
    search_fields = ("name",)
    fields = ("name", ("position", "hidden", "warranty_days"), "services")
    readonly_fields = ("name", "services")

    @display(description="Services")
    def services(self, category: Category) -> SafeString:
        return list_link("catalog_service_changelist", "Its services", category__id__exact=category.pk)


@admin.register(Subcategory)
class SubcategoryAdmin(NothingDeleted):
    list_display = ("name", "category", "position")
    list_editable = ("position",)
    list_filter = (("category", AutocompleteSelectFilter),)
    list_filter_submit = True
    list_select_related = ("category",)
    search_fields = ("name", "category__name")
    fields = (("name", "category"), "position")
    readonly_fields = ("name", "category")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subcategory]:
        # Its name shows its category's, in choices too.
        subcategories: QuerySet[Subcategory] = super().get_queryset(request).select_related("category")
        return subcategories


class PutBackOnSale(Act[Service]):
    """Sell a suspended service again."""

    path = "put-back"
    title = "Put back on sale"
    button = "Put it back on sale"
    icon = "storefront"
    permission = "catalog.change_service"
    form = ReasonForm

    def fits(self) -> bool:
        return self.row.state == Service.State.SUSPENDED

    def facts(self) -> list[tuple[str, str]]:
        return [
            ("Service", self.row.name),
            ("Cost", per_unit(self.row.rate, self.row.unit)),
            ("Price", per_unit(self.row.price, self.row.unit)),
        ]

    def says(self) -> list[str]:
        return [
            "It was taken off sale because the vendor charged something else than its rate says. Find out why first: "
            "UPSTREAM_RATE_UNIT_SMM or UPSTREAM_RATE_UNIT_PRODUCT may be wrong for it.",
            "Customers can buy it again at the price above. If the vendor's charge differs again, it is taken off "
            "sale again.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        if not resume(service_id=self.row.pk, now=now):
            return Done("It is not suspended any more: nothing was changed.", messages.WARNING, happened=False)
        return Done("The service is on sale again.")


@admin.register(Service)
class ServiceAdmin(NothingDeleted, ActsAdmin):
    list_display = (
        "vendor_number",
        "what",
        "label",
        "cost",
        "our_price",
        "margin",
        "in_stock",
    )
    list_display_links = ("vendor_number", "what")
    list_filter = ("state", "entity", "hidden", "auto_delivery", ("category", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("category",)
    search_fields = ("name", "category__name")
    search_numbers = ("pk", "upstream_id")
    search_help_text = "Number of ours or of the vendor's, name, category"
    ordering = ("upstream_id",)
    actions = ("hide", "show", "put_back_on_sale")
    acts = (PutBackOnSale,)
    readonly_fields = (
        *("name", "vendor_number", "number", "label", "entity_label", "type", "category", "subcategory"),
        *(
            "cost",
            "our_price",
            "margin",
            "rule",
            "smallest",
            "largest",
            "in_stock",
            "refill",
            "cancel",
            "auto_delivery",
        ),
        *("first_seen", "changed", "withdrawn", "history"),
    )
    fieldsets = (
        (None, {"fields": ("name", ("label", "hidden"), ("number", "vendor_number"), ("category", "subcategory"))}),
        ("Price", {"fields": (("cost", "our_price", "margin"), ("rule", "history"))}),
        (
            "What the vendor says",
            {
                "fields": (
                    ("entity_label", "type"),
                    ("smallest", "largest", "in_stock"),
                    ("auto_delivery", "refill", "cancel"),
                    ("first_seen", "changed", "withdrawn"),
                )
            },
        ),
    )

    number = number_column("Our number")
    smallest = count_column("min", "Smallest order")
    largest = count_column("max", "Largest order")
    in_stock = count_column("stock", "Stock")
    first_seen = moment_column("first_seen_at", "First seen")
    changed = moment_column("changed_at", "Changed")
    withdrawn = moment_column("withdrawn_at", "Withdrawn")

    @display(description="State", ordering="state")
    def label(self, service: Service) -> SafeString:
        if service.state == Service.State.SUSPENDED:
            return pill("Suspended", "danger")
        if service.state == Service.State.WITHDRAWN:
            return pill("Withdrawn", "")
        return pill("Hidden", "warning") if service.hidden else pill("On sale", "success")

    @display(description="Vendor's number", ordering="upstream_id")
    def vendor_number(self, service: Service) -> str:
        return str(service.upstream_id)

    @display(description="Name", ordering="name")
    def what(self, service: Service) -> SafeString:
        return _stacked(Truncator(service.name).chars(90), service.category)

    @display(description="Kind")
    def entity_label(self, service: Service) -> str:
        return service.get_entity_display()

    @display(description="Cost", ordering="rate")
    def cost(self, service: Service) -> SafeString:
        return _stacked(*per_unit(service.rate, service.unit).split(" ", 1))

    @display(description="Price", ordering="price")
    def our_price(self, service: Service) -> SafeString:
        return _stacked(*per_unit(service.price, service.unit).split(" ", 1))

    @display(description="Margin")
    def margin(self, service: Service) -> SafeString:
        return _stacked(*margin(service.rate, service.price).split(" ", 1))

    @display(description="Mark-up rule that holds")
    def rule(self, service: Service) -> SafeString | str:
        active = MarkupRule.objects.filter(active=True, group=None)
        for place in (
            {"service": service.pk},
            {"subcategory": service.subcategory_id or 0},
            {"category": service.category_id},
            {"service": None, "subcategory": None, "category": None},
        ):
            found = active.filter(**place).first()
            if found:
                return page_link("catalog_markuprule_change", found.pk, found)
        return "None: sold at cost"

    @display(description="Price changes")
    def history(self, service: Service) -> SafeString:
        return list_link("catalog_pricechange_changelist", "How it changed", service__id__exact=service.pk)

    def _hidden(self, request: HttpRequest, queryset: QuerySet[Service], hidden: bool) -> None:
        word = "Hidden" if hidden else "Shown"
        with transaction.atomic():
            changed = list(queryset.exclude(hidden=hidden))
            queryset.update(hidden=hidden)
            self.log_changes(request, changed, f"{word}.")
        self.message_user(request, f"{word}: {len(changed)} of {queryset.count()} chosen.", messages.SUCCESS)

    @admin.action(description="Hide from customers", permissions=["change"])
    def hide(self, request: HttpRequest, queryset: QuerySet[Service]) -> None:
        self._hidden(request, queryset, True)

    @admin.action(description="Show to customers", permissions=["change"])
    def show(self, request: HttpRequest, queryset: QuerySet[Service]) -> None:
        self._hidden(request, queryset, False)

    @admin.action(description="Put back on sale (suspended ones)", permissions=["change"])
    def put_back_on_sale(self, request: HttpRequest, queryset: QuerySet[Service]) -> None:
        back = [service for service in queryset if resume(service_id=service.pk, now=timezone.now())]
        for service in back:
            self.log_change(request, service, "Put back on sale.")
        self.message_user(request, f"{len(back)} back on sale.", messages.SUCCESS if back else messages.WARNING)


class StepInline(TabularInline):
    """The prices of large orders."""

    model = PriceStep
    formset = StepsFormSet
    fields = ("from_quantity", "percent")
    extra = 0
    verbose_name = "step"
    verbose_name_plural = "Steps: from so many pieces in one order on, this percentage instead"


@admin.register(MarkupRule)
class MarkupRuleAdmin(ShopAdmin):
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
        self.message_user(request, f"{what} Orders already placed keep theirs.", messages.INFO)


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
        return _arrow(usd(change.old_rate), usd(change.new_rate))

    @display(description="Price")
    def prices(self, change: PriceChange) -> str:
        return _arrow(usd(change.old_price), usd(change.new_price))


def _stacked(first: object, second: object) -> SafeString:
    """Two texts in one cell, the second small below the first."""
    return format_html('<div>{} <span class="block text-xs">{}</span></div>', first, second)


def _arrow(old: str, new: str) -> str:
    return new if old == new else f"{old} → {new}"


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    list_display = (
        *("started", "outcome", "took", "seen", "added", "changed", "withdrawn", "skipped", "short_problem"),
    )
    list_filter = ("ok", "kind")
    search_fields = ("problem",)
    actions_list = ("synchronise",)
    fields = (
        ("kind", "outcome"),
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
