"""Services in the admin: what the vendor says of them is read-only, since the next sync would write it anew."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display

from catalog.admin.base import NothingDeleted, stacked
from catalog.models import (
    MarkupRule,
    Service,
)
from catalog.resume import resume
from core.admin_acts import Act, ActsAdmin, Done, ReasonForm
from core.admin_base import (
    count_column,
    list_link,
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

    @display(description="Price changes")
    def history(self, service: Service) -> SafeString:
        return list_link("catalog_pricechange_changelist", "How it changed", service__id__exact=service.pk)

    def _hidden(self, request: HttpRequest, queryset: QuerySet[Service], hidden: bool) -> None:
        word = "Hidden" if hidden else "Shown"
        changed = list(queryset.exclude(hidden=hidden))
        queryset.update(hidden=hidden)
        LogEntry.objects.log_actions(str(request.user.pk), changed, CHANGE, change_message=f"{word}.")
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
