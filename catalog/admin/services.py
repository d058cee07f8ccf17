"""Services in the admin: what the vendor says is read-only, and stands beside what the operator says instead."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from catalog import hide
from catalog.admin.base import NothingDeleted, stacked
from catalog.admin.many import ManyServices
from catalog.admin.price_history import price_history
from catalog.admin_service_forms import ServiceForm
from catalog.floored import floored
from catalog.models import (
    Category,
    MarkupRule,
    Service,
)
from catalog.override import TooLow, override
from catalog.resume import resume
from core.admin_acts import Act, ActsAdmin, Done, ReasonForm
from core.admin_base import (
    NOTHING,
    count_column,
    margin,
    moment_column,
    number_column,
    page_link,
    per_unit,
    pill,
)


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


class OwnPriceFilter(admin.SimpleListFilter):
    """Services with a price of the operator's own."""

    title = "own price"
    parameter_name = "own"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "With one"), ("low", "Overtaken by cost")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Service]) -> QuerySet[Service]:
        if self.value() == "low":
            return queryset.filter(pk__in=floored())
        return queryset.filter(own_price__isnull=False) if self.value() == "yes" else queryset


@admin.register(Service)
class ServiceAdmin(NothingDeleted, ManyServices, ActsAdmin):
    form = ServiceForm
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
    list_filter = ("held", "state", "entity", "hidden", OwnPriceFilter, ("category", AutocompleteSelectFilter))
    list_filter_submit = True
    list_select_related = ("category",)
    search_fields = ("name", "vendor_name", "name_zh", "category__name")
    search_numbers = ("pk", "upstream_id")
    search_help_text = "Number of ours or of the vendor's, name, category"
    ordering = ("upstream_id",)
    autocomplete_fields = ("own_category",)
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
        *("first_seen", "changed", "withdrawn", "vendors_name", "vendors_category", "not_sold"),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "name",
                    ("label", "hidden", "not_sold"),
                    ("number", "vendor_number"),
                    ("category", "subcategory"),
                )
            },
        ),
        (
            "What you say instead of the vendor",
            {
                "fields": (
                    ("own_name", "vendors_name"),
                    ("own_category", "vendors_category"),
                    ("name_zh", "position"),
                    ("description", "description_zh"),
                ),
                "description": "It stays when the vendor's catalogue is copied again. Empty a field to let the "
                "vendor's hold.",
            },
        ),
        ("Price", {"fields": (("cost", "our_price", "margin"), ("own_price", "rule"))}),
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
        if service.held:
            return pill("New, to review", "info")
        if service.block_id is not None:
            return pill("Blocked", "danger")
        return pill("Hidden", "warning") if service.hidden else pill("On sale", "success")

    @display(description="Vendor's number", ordering="upstream_id")
    def vendor_number(self, service: Service) -> str:
        return str(service.upstream_id)

    @display(description="Name", ordering="name")
    def what(self, service: Service) -> SafeString:
        return stacked(Truncator(service.name).chars(90), service.category)

    @display(description="Kind")
    def entity_label(self, service: Service) -> str:
        return service.get_entity_display()

    @display(description="Cost", ordering="rate")
    def cost(self, service: Service) -> SafeString:
        return stacked(*per_unit(service.rate, service.unit).split(" ", 1))

    @display(description="Price", ordering="price")
    def our_price(self, service: Service) -> SafeString:
        return stacked(*per_unit(service.price, service.unit).split(" ", 1))

    @display(description="Margin")
    def margin(self, service: Service) -> SafeString:
        return stacked(*margin(service.rate, service.price).split(" ", 1))

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

    @display(description="The vendor's name")
    def vendors_name(self, service: Service) -> str:
        return service.vendor_name or NOTHING

    @display(description="The vendor's category")
    def vendors_category(self, service: Service) -> str:
        place = [service.vendor_category, service.vendor_subcategory]
        return (
            " › ".join(
                each.vendor_name or each.name if isinstance(each, Category) else each.name for each in place if each
            )
            or NOTHING
        )

    @display(description="Blocklist")
    def not_sold(self, service: Service) -> SafeString | str:
        return NOTHING if service.block is None else page_link("conduct_block_change", service.block.pk, service.block)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        now = timezone.now()
        if "hidden" in form.changed_data:
            act = hide.hide if form.cleaned_data["hidden"] else hide.show
            act(service_ids=[obj.pk], now=now)
        if form.wish:
            try:
                override(wishes={obj.pk: form.wish}, now=now)
            except TooLow as error:  # its cost rose between the form's look and ours
                self.message_user(request, f"Not changed: {error}", messages.ERROR)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        service = context.get("original")
        if service is not None:
            context |= {"history": price_history(service), "history_list": _history_list(service)}
        return super().render_change_form(request, context, *args, **kwargs)


def _history_list(service: Service) -> str:
    return f"{reverse('admin:catalog_pricechange_changelist')}?service__id__exact={service.pk}"
