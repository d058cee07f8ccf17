"""Orders in the admin: to be read, with every call to the vendor, and to be decided where the shop can't."""

import json
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

from core.addresses import client_address
from core.admin_acts import ActsAdmin, button, show_page
from core.admin_base import (
    NOTHING,
    ReadOnlyAdmin,
    count_column,
    lines_column,
    margin,
    moment,
    moment_column,
    number_column,
    page_link,
    per_unit,
    pill,
    text_column,
    took,
    unbroken,
    usd,
    usd_column,
)
from core.admin_lists import DaysFilter
from orders import states
from orders.admin_acts import ACTS
from orders.admin_search import WAYS
from orders.models import Attempt, DeliveredItem, GoodsReveal, Order, OrderEvent, PromotionUse
from orders.note_reveal import note_reveal
from orders.submit import outgoing_link
from upstream.forwarding import BelowCost

STATES = {
    states.PLACED: "info",
    states.SUBMITTING: "info",
    states.RUNNING: "primary",
    states.UNCERTAIN: "warning",
    states.COMPLETED: "success",
    states.PARTIAL: "success",
    states.CANCELED: "",
    states.REJECTED: "danger",
}
OUTCOMES = {
    "OPEN": "info",
    "ACCEPTED": "success",
    "REFUSED": "danger",
    "NOT_SENT": "",
    "UNANSWERED": "warning",
    "FOUND": "success",
    "DISPROVED": "",
}
# An order's page shows so many of the newest; the lists have all of them.
SHOWN = 50


class TwiceFilter(admin.SimpleListFilter):
    """Orders with items that were delivered before."""

    title = "items"
    parameter_name = "twice"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Delivered before, here or in another order")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        return queryset.filter(twice__gt=0) if self.value() == "yes" else queryset


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
    list_display = (*("number", "placed", "customer", "what", "charge_usd", "label", "vendor_number"),)
    list_display_links = ("number",)
    list_filter = ("state", FlaggedFilter, TwiceFilter, "below_cost", "entity", ("placed_at", DaysFilter))
    list_filter_submit = True
    days = "placed_at"
    list_select_related = ("customer",)
    sortable_by = ("number", "placed", "charge_usd", "vendor_number")
    search_fields = ("reference",)
    search_numbers = ("pk", "upstream_id")
    search_ways = WAYS
    search_help_text = "Our number or the vendor's, reference, e-mail address, or how the link begins"
    acts = ACTS
    acts_in_page = True
    readonly_fields = (
        *("customer_page", "service_page", "label", "progress_text", "pieces", "reason_text"),
        *("charge_usd", "on_hold", "captured", "refunded", "hold_page", "cost_usd", "vendor_charge", "earned"),
        *("price_text", "rate_text", "sent_as", "items_text"),
        *("vendor_number", "vendor_status", "started_from", "left", "full_flag", "evidence_text"),
        *("placed", "accepted", "finished", "due", "next_poll", "changed"),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("label", "progress_text", "pieces"),
                    ("customer_page", "service_page"),
                    ("link", "reference"),
                    ("placed", "accepted", "finished"),
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
                    ("vendor_number", "vendor_status", "started_from", "left"),
                    "full_flag",
                    "evidence_text",
                    ("sent_as", "tries", "due"),
                    ("next_poll", "poll_failures", "changed"),
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
        there = row.is_product and row.goods_removed_at is None and row.items.exists()
        if there and request.user.has_perm("orders.view_delivereditem"):
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
                "reveals_list": reverse("admin:orders_goodsreveal_changelist") + f"?order__id__exact={pk}",
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
                "That you looked is kept in the order's history, and its customer can see that the shop did. No money "
                "moves.",
            ]
            return show_page(self, request, says=says, button="Show the items", **page)
        items = list(order.items.all()) if order.goods_removed_at is None else []
        operator: Any = request.user  # a User: the admin asks for a log-in
        note_reveal(
            order=order,
            actor=operator,
            kind=GoodsReveal.Kind.SHOWN,
            address=client_address(request),
            count=len(items),
            now=timezone.now(),
        )
        self.log_change(request, order, f"Looked at its {len(items)} delivered items.")
        return show_page(self, request, says=[], items=items, **page)

    # ── What the list and the page show ────────────────────────────────────────────────────────────

    number = number_column()
    placed = moment_column("placed_at", "Placed")
    accepted = moment_column("accepted_at", "Accepted")
    finished = moment_column("finished_at", "Finished")
    due = moment_column("not_before", "Not sent before")
    next_poll = moment_column("next_poll_at", "Asked for next")
    changed = moment_column("changed_at", "Last news for the customer")
    full_flag = lines_column("flag", "What is odd about the vendor's answers")
    evidence_text = lines_column("evidence", "What our balance there says of a call that was not answered")
    vendor_status = lines_column("upstream_status", "Its word")
    started_from = count_column("start_count", "Start count")
    left = count_column("remains", "Remains")
    pieces = count_column("quantity", "Quantity")

    @display(description="State", ordering="state")
    def label(self, order: Order) -> SafeString:
        if order.state == states.PLACED and order.below_cost == BelowCost.HELD:
            return pill("Held back: below cost", "warning")
        return pill(order.get_state_display(), STATES[order.state])

    charge_usd = usd_column("charge", "Charge")

    @display(description="Vendor's number", ordering="upstream_id")
    def vendor_number(self, order: Order) -> str:
        return NOTHING if order.upstream_id is None else str(order.upstream_id)

    @display(description="What")
    def what(self, order: Order) -> SafeString:
        name, flag = Truncator(order.service_name).chars(60), Truncator(order.flag).chars(60)
        return format_html(
            '<div class="min-w-52">{} × {}<div class="text-orange-700 text-xs dark:text-orange-400">{}</div></div>',
            f"{order.quantity:,}",
            name,
            flag,
        )

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
        if not order.is_product:
            return NOTHING
        twice = f", {order.twice:,} of them delivered before" if order.twice else ""
        removed = f", removed on {moment(order.goods_removed_at)}" if order.goods_removed_at else ""
        return f"{order.items.count():,}{twice}{removed}"

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

    cost_usd = usd_column("cost", "Expected cost")

    vendor_charge = usd_column("upstream_charge", "The vendor charged")

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
                unbroken(moment(event.at)),
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
                page_link("orders_attempt_change", attempt.pk, unbroken(moment(attempt.started_at))),
                pill(attempt.get_outcome_display(), OUTCOMES[attempt.outcome]),
                unbroken(took(attempt.started_at, attempt.finished_at)),
                attempt.detail or NOTHING,
                _pretty(attempt.request),
            ]
            for attempt in newest
        ],
    }


def _pretty(request: Any) -> SafeString:
    return format_html(
        '<pre class="shop-code">{}</pre>',
        json.dumps(request, indent=2, ensure_ascii=False),
    )


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = ("number", "started", "order_page", "label", "took", "short_detail")
    list_filter = ("outcome", "started_at")
    search_fields = ("detail",)
    search_numbers = ("pk", "order_id")
    search_help_text = "Number, number of the order, or words of the answer"
    fields = (
        ("order_page", "label"),
        ("started", "finished", "took"),
        "answer",
        "sent",
        "claim",
    )
    readonly_fields = ("order_page", "label", "started", "finished", "took", "answer", "sent")

    answer = lines_column("detail", "What came back")
    number = number_column()
    started = moment_column("started_at", "Started", exact=True)
    finished = moment_column("finished_at", "Finished", exact=True)
    short_detail = text_column("detail", "What came back", most=90)

    @display(description="Order", ordering="order_id")
    def order_page(self, attempt: Attempt) -> SafeString:
        return page_link("orders_order_change", attempt.order_id, f"Order {attempt.order_id}")

    @display(description="Outcome", ordering="outcome")
    def label(self, attempt: Attempt) -> SafeString:
        return pill(attempt.get_outcome_display(), OUTCOMES[attempt.outcome])

    @display(description="Took")
    def took(self, attempt: Attempt) -> str:
        return took(attempt.started_at, attempt.finished_at)

    @display(description="What was sent, without the key")
    def sent(self, attempt: Attempt) -> SafeString:
        return _pretty(attempt.request)


@admin.register(PromotionUse)
class PromotionUseAdmin(ReadOnlyAdmin):
    list_display = ("number", "promotion", "order_page", "customer", "discount_usd", "counts")
    list_select_related = ("promotion", "order", "customer")
    search_fields = ("promotion__code", "customer__email")
    search_numbers = ("order_id",)
    search_help_text = "Number of the order, code, the customer's e-mail address"
    fields = (("promotion", "order_page"), ("customer", "discount_usd", "counts"))
    readonly_fields = ("order_page", "discount_usd", "counts")

    number = number_column()
    discount_usd = usd_column("discount", "Taken off")

    @display(description="Order")
    def order_page(self, use: PromotionUse) -> SafeString:
        return page_link("orders_order_change", use.order_id, use.order)

    @display(description="Counts", boolean=True)
    def counts(self, use: PromotionUse) -> bool:
        return use.order.state not in states.UNPAID


@admin.register(OrderEvent)
class OrderEventAdmin(ReadOnlyAdmin):
    list_display = ("when", "order_page", "kind", "amount_usd", "count", "actor", "short_note")
    list_filter = ("kind", "at")
    list_select_related = ("actor",)
    search_fields = ("note", "actor__email")
    search_numbers = ("order_id",)
    search_help_text = "Number of the order, words of a note, or an operator's e-mail address"
    ordering = ("-pk",)
    fields = (("when", "kind"), ("order_page", "actor"), ("amount_usd", "count"), "full_note")
    readonly_fields = ("when", "order_page", "amount_usd", "full_note")

    when = moment_column("at", "When", exact=True)
    full_note = lines_column("note", "Note")
    short_note = text_column("note", "Note", most=90)

    @display(description="Order", ordering="order_id")
    def order_page(self, event: OrderEvent) -> SafeString:
        return page_link("orders_order_change", event.order_id, f"Order {event.order_id}")

    amount_usd = usd_column("amount", "Amount")


@admin.register(DeliveredItem)
class DeliveredItemAdmin(ReadOnlyAdmin):
    """That something was delivered, and when; its text only on the order's own page, after a yes."""

    list_display = ("number", "delivered", "order_page", "position")
    list_filter = ("delivered_at",)
    search_fields = ("order__reference__iexact",)
    search_numbers = ("order_id",)
    search_help_text = "Number or reference of the order"
    ordering = ("-pk",)
    fields = (("order_page", "position", "delivered"),)
    readonly_fields = ("order_page", "delivered")

    number = number_column()
    delivered = moment_column("delivered_at", "Delivered")

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeliveredItem]:
        items: QuerySet[DeliveredItem] = super().get_queryset(request).defer("text")  # not even decrypted
        return items

    @display(description="Order", ordering="order_id")
    def order_page(self, item: DeliveredItem) -> SafeString:
        return page_link("orders_order_change", item.order_id, f"Order {item.order_id}")


@admin.register(GoodsReveal)
class GoodsRevealAdmin(ReadOnlyAdmin):
    """Who saw or took an order's items, from where, and how often in a day."""

    list_display = ("last", "order_page", "who", "kind", "count", "times", "address")
    list_filter = ("kind", "last_at")
    list_select_related = ("actor",)
    search_fields = ("actor__email", "address")
    search_numbers = ("order_id",)
    search_help_text = "Number of the order, e-mail address, or address on the network"
    ordering = ("-pk",)
    fields = (("order_page", "who", "kind"), ("address", "count", "times"), ("first", "last"))
    readonly_fields = ("order_page", "who", "first", "last")

    first = moment_column("first_at", "First", exact=True)
    last = moment_column("last_at", "Last", exact=True)

    @display(description="Order", ordering="order_id")
    def order_page(self, reveal: GoodsReveal) -> SafeString:
        return page_link("orders_order_change", reveal.order_id, f"Order {reveal.order_id}")

    @display(description="Who")
    def who(self, reveal: GoodsReveal) -> str:
        return str(reveal.actor)


# At the end, since it is this app's too.
from orders.plans.admin import PlanAdmin  # noqa: E402

__all__ = ["AttemptAdmin", "DeliveredItemAdmin", "GoodsRevealAdmin", "OrderAdmin", "OrderEventAdmin", "PlanAdmin"]
