"""Orders in the admin: to be read, with every call to the vendor, and to be decided where the shop can't."""

import json
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.decorators import display

from core.admin_acts import ActsAdmin, button, show_page
from core.admin_base import NOTHING, ReadOnlyAdmin, margin, page_link, per_unit, usd
from orders.admin_acts import ACTS
from orders.models import Attempt, DeliveredItem, Order, OrderEvent
from orders.submit import outgoing_link

STATES = {
    "Placed": "info",
    "Submitting": "info",
    "Running": "primary",
    "Uncertain": "warning",
    "Completed": "success",
    "Partial": "warning",
    "Canceled": "",
    "Rejected": "danger",
}
OUTCOMES = {
    "No outcome recorded": "info",
    "Accepted": "success",
    "Refused": "danger",
    "Not sent": "",
    "Unanswered": "warning",
}
# An order's page shows so many of the newest; the lists have all of them.
SHOWN = 50


class FlaggedFilter(admin.SimpleListFilter):
    """Orders of which the vendor's answers are odd."""

    title = "flag"
    parameter_name = "flagged"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "The vendor's answers are odd")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        return queryset.exclude(flag="") if self.value() == "yes" else queryset


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin, ActsAdmin):
    list_display = (
        *("pk", "placed_at", "customer", "what", "quantity", "charge_usd", "label", "upstream_id", "flagged"),
    )
    list_display_links = ("pk",)
    list_filter = ("state", FlaggedFilter, "entity", "placed_at")
    list_select_related = ("customer",)
    search_fields = ("reference__iexact", "customer__email", "link", "service_name")
    search_numbers = ("pk", "upstream_id")
    search_help_text = "Our number or the vendor's, reference, e-mail address, link, service"
    acts = ACTS
    readonly_fields = (
        *("customer_page", "service_page", "label", "progress_text", "reason_text"),
        *("charge_usd", "on_hold", "captured", "refunded", "hold_page", "cost_usd", "vendor_charge", "earned"),
        *("price_text", "rate_text", "sent_as", "items_text"),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("label", "progress_text", "quantity"),
                    ("customer_page", "service_page"),
                    ("link", "reference"),
                    ("placed_at", "accepted_at", "finished_at"),
                    ("reason_text", "items_text"),
                )
            },
        ),
        (
            "Money",
            {
                "fields": (
                    ("charge_usd", "on_hold", "captured", "refunded"),
                    ("cost_usd", "vendor_charge", "earned"),
                    ("price_text", "rate_text", "hold_page"),
                )
            },
        ),
        (
            "At the vendor",
            {
                "fields": (
                    ("upstream_id", "upstream_status", "start_count", "remains"),
                    "flag",
                    ("sent_as", "tries", "not_before"),
                    ("next_poll_at", "poll_failures", "changed_at"),
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        orders: QuerySet[Order] = super().get_queryset(request)
        return orders.select_related("customer", "service", "hold") if _one(request) else orders

    def get_urls(self) -> list[URLPattern]:
        items = path("<path:object_id>/items/", self.admin_site.admin_view(self.items_view), name="orders_order_items")
        return [items, *super().get_urls()]

    def buttons(self, request: HttpRequest, row: Order) -> list[dict[str, Any]]:
        buttons = super().buttons(request, row)
        if row.is_product and request.user.has_perm("orders.view_delivereditem") and row.items.exists():
            buttons.append(button("Show items", reverse("admin:orders_order_items", args=[row.pk]), icon="visibility"))
        return buttons

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        pk = unquote(object_id)
        tables: dict[str, Any] = {}
        if pk.isascii() and pk.isdigit() and len(pk) < 19:
            tables = {
                "timeline": _timeline(OrderEvent.objects.filter(order_id=int(pk))),
                "attempts": _attempts(Attempt.objects.filter(order_id=int(pk))),
                "attempts_list": reverse("admin:orders_attempt_changelist") + f"?order__id__exact={pk}",
                "timeline_list": reverse("admin:orders_orderevent_changelist") + f"?order__id__exact={pk}",
                "shown": SHOWN,
            }
        return super().change_view(request, object_id, form_url, {**tables, **(extra_context or {})})

    def items_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What was delivered, in clear, after a yes that goes into the history."""
        order = self.get_object(request, unquote(object_id))
        if order is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not (self.has_view_permission(request, order) and request.user.has_perm("orders.view_delivereditem")):
            raise PermissionDenied
        page: dict[str, Any] = {"title": f"Items of order {order.pk}", "original": order, "back": self.page_of(order)}
        if request.method != "POST":
            says = [
                "These are the customer's goods: accounts, codes, passwords. Look only when they asked for help.",
                "That you looked is kept in the order's history. No money moves.",
            ]
            return show_page(self, request, says=says, button="Show the items", **page)
        items = list(order.items.all())
        self.log_change(request, order, f"Looked at its {len(items)} delivered items.")
        return show_page(self, request, says=[], items=items, **page)

    # ── What the list and the page show ────────────────────────────────────────────────────────────

    @display(description="Service")
    def what(self, order: Order) -> str:
        return Truncator(order.service_name).chars(50)

    @display(description="State", ordering="state", label=STATES)
    def label(self, order: Order) -> str:
        return order.get_state_display()

    @display(description="Charge", ordering="charge")
    def charge_usd(self, order: Order) -> str:
        return usd(order.charge)

    @display(description="Flag")
    def flagged(self, order: Order) -> str:
        return Truncator(order.flag).chars(40)

    @display(description="Customer")
    def customer_page(self, order: Order) -> SafeString:
        return page_link("accounts_user_change", order.customer_id, order.customer)

    @display(description="Service")
    def service_page(self, order: Order) -> SafeString:
        return page_link("catalog_service_change", order.service_id, order.service_name)

    @display(description="Delivered")
    def progress_text(self, order: Order) -> str:
        return f"{order.delivered:,} ({order.progress}%)"

    @display(description="What the customer was told")
    def reason_text(self, order: Order) -> str:
        return order.get_reason_display() if order.reason else NOTHING

    @display(description="Delivered items")
    def items_text(self, order: Order) -> str:
        return f"{order.items.count():,}" if order.is_product else NOTHING

    @display(description="On hold")
    def on_hold(self, order: Order) -> str:
        return usd(order.hold.amount) if order.hold.state == "OPEN" else NOTHING

    @display(description="Paid")
    def captured(self, order: Order) -> str:
        return NOTHING if order.is_open else usd(order.hold.captured)

    @display(description="Refunded")
    def refunded(self, order: Order) -> str:
        return usd(order.hold.refunded) if order.hold.refunded else NOTHING

    @display(description="Hold")
    def hold_page(self, order: Order) -> SafeString:
        return page_link("wallet_hold_change", order.hold_id, order.hold.key)

    @display(description="Expected cost")
    def cost_usd(self, order: Order) -> str:
        return usd(order.cost)

    @display(description="The vendor charged")
    def vendor_charge(self, order: Order) -> str:
        return usd(order.upstream_charge)

    @display(description="Margin on what was paid")
    def earned(self, order: Order) -> str:
        """By the vendor's own charge; unknown until it names one and the order has ended."""
        if order.is_open or order.upstream_charge is None:
            return NOTHING
        return margin(order.upstream_charge, order.hold.captured - order.hold.refunded)

    @display(description="Price")
    def price_text(self, order: Order) -> str:
        return per_unit(order.price, order.unit)

    @display(description="Cost")
    def rate_text(self, order: Order) -> str:
        return per_unit(order.rate, order.unit)

    @display(description="Link as the vendor sees it")
    def sent_as(self, order: Order) -> str:
        return outgoing_link(order)


def _one(request: HttpRequest) -> bool:
    """Whether the page is about one order: then its relations are wanted too."""
    match = request.resolver_match
    return bool(match and "object_id" in match.kwargs)


def _timeline(events: QuerySet[OrderEvent]) -> dict[str, Any]:
    newest = events.select_related("actor").order_by("-pk")[:SHOWN]
    return {
        "headers": ["When", "What", "Amount", "Pieces", "By", "Note"],
        "rows": [
            [
                _moment(event.at),
                event.get_kind_display(),
                usd(event.amount),
                NOTHING if event.count is None else f"{event.count:,}",
                str(event.actor or "The shop"),
                event.note or NOTHING,
            ]
            for event in newest
        ],
    }


def _attempts(attempts: QuerySet[Attempt]) -> dict[str, Any]:
    newest = attempts.order_by("-pk")[:SHOWN]
    return {
        "headers": ["When", "Outcome", "Took", "What came back", "What was sent"],
        "rows": [
            [
                page_link("orders_attempt_change", attempt.pk, _moment(attempt.started_at)),
                attempt.get_outcome_display(),
                _took(attempt),
                attempt.detail or NOTHING,
                _pretty(attempt.request),
            ]
            for attempt in newest
        ],
    }


def _moment(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}"


def _took(attempt: Attempt) -> str:
    if attempt.finished_at is None:
        return NOTHING
    return f"{(attempt.finished_at - attempt.started_at).total_seconds():.2f} s"


def _pretty(request: Any) -> SafeString:
    return format_html(
        '<pre class="font-mono text-xs whitespace-pre-wrap break-all">{}</pre>',
        json.dumps(request, indent=2, ensure_ascii=False),
    )


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = ("pk", "started_at", "order_page", "label", "took", "short_detail")
    list_filter = ("outcome", "started_at")
    search_fields = ("detail",)
    search_numbers = ("pk", "order_id")
    search_help_text = "Number, number of the order, or words of the answer"
    fields = (
        ("order_page", "label"),
        ("started_at", "finished_at", "took"),
        "detail",
        "sent",
        "claim",
    )
    readonly_fields = ("order_page", "label", "took", "sent")

    @display(description="Order", ordering="order_id")
    def order_page(self, attempt: Attempt) -> SafeString:
        return page_link("orders_order_change", attempt.order_id, f"Order {attempt.order_id}")

    @display(description="Outcome", ordering="outcome", label=OUTCOMES)
    def label(self, attempt: Attempt) -> str:
        return attempt.get_outcome_display()

    @display(description="Took")
    def took(self, attempt: Attempt) -> str:
        return _took(attempt)

    @display(description="What came back")
    def short_detail(self, attempt: Attempt) -> str:
        return Truncator(attempt.detail).chars(90)

    @display(description="What was sent, without the key")
    def sent(self, attempt: Attempt) -> SafeString:
        return _pretty(attempt.request)


@admin.register(OrderEvent)
class OrderEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "order_page", "kind", "amount_usd", "count", "actor", "short_note")
    list_filter = ("kind", "at")
    list_select_related = ("actor",)
    search_fields = ("note", "actor__email")
    search_numbers = ("order_id",)
    search_help_text = "Number of the order, words of a note, or an operator's e-mail address"
    ordering = ("-pk",)
    fields = (("at", "kind"), ("order_page", "actor"), ("amount_usd", "count"), "note")
    readonly_fields = ("order_page", "amount_usd")

    @display(description="Order", ordering="order_id")
    def order_page(self, event: OrderEvent) -> SafeString:
        return page_link("orders_order_change", event.order_id, f"Order {event.order_id}")

    @display(description="Amount")
    def amount_usd(self, event: OrderEvent) -> str:
        return usd(event.amount)

    @display(description="Note")
    def short_note(self, event: OrderEvent) -> str:
        return Truncator(event.note).chars(90)


@admin.register(DeliveredItem)
class DeliveredItemAdmin(ReadOnlyAdmin):
    """That something was delivered, and when; its text only on the order's own page, after a yes."""

    list_display = ("pk", "delivered_at", "order_page", "position")
    list_filter = ("delivered_at",)
    search_fields = ("order__reference__iexact",)
    search_numbers = ("order_id",)
    search_help_text = "Number or reference of the order"
    ordering = ("-pk",)
    fields = (("order_page", "position", "delivered_at"),)
    readonly_fields = ("order_page",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeliveredItem]:
        items: QuerySet[DeliveredItem] = super().get_queryset(request).defer("text")  # not even decrypted
        return items

    @display(description="Order", ordering="order_id")
    def order_page(self, item: DeliveredItem) -> SafeString:
        return page_link("orders_order_change", item.order_id, f"Order {item.order_id}")
