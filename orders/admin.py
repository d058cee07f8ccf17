"""Orders in the admin: to be read, with every call to the vendor, and to be decided where the shop can't."""

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

from accounts.roles import DECIDE
from catalog.admin_purchase import (
    SHOWN,
    Step,
    as_id,
    calls,
    of_calls,
    of_money,
    of_notices,
    of_requests,
    one,
    timeline,
)
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
    usd,
    usd_column,
)
from core.admin_lists import DaysFilter
from orders import states
from orders.admin_act import OrderAct
from orders.admin_acts import AskNow, Found, GiveUp, LetGo, SendAgain, SendNow
from orders.admin_bulk import LetManyGo, RefundMany
from orders.admin_ends import Cancel, Finish, HandOver, Refund
from orders.admin_search import WAYS
from orders.models import Attempt, GoodsReveal, Order
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
    acts = (Found, SendAgain, LetGo, SendNow, GiveUp, AskNow, HandOver, Finish, Cancel, Refund)
    actions = ("ask_now", LetManyGo.action, RefundMany.action)
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
        return orders.select_related("customer", "service", "hold") if one(request) else orders

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
        pk = as_id(unquote(object_id))
        tables: dict[str, Any] = {}
        if pk is not None:
            tables = {
                "timeline": _timeline(pk),
                "attempts": calls(Attempt.objects.filter(order_id=pk), "orders_attempt_change"),
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

    # ── Many at once ───────────────────────────────────────────────────────────────────────────────

    def has_act_permission(self, request: HttpRequest) -> bool:
        """To do something about orders: nobody edits their rows."""
        return request.user.has_perm(OrderAct.permission)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """To move money."""
        return request.user.has_perm(DECIDE)

    @admin.action(description="Ask the vendor now (running ones)", permissions=["act"])
    def ask_now(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        running = Order.objects.filter(pk__in=queryset.values("pk"), state=states.RUNNING)
        self.log_changes(request, list(running), "Asked the vendor.")
        asked = running.update(next_poll_at=timezone.now())
        self.message_user(request, f"{asked} are asked for in a moment. No money moves unless they have ended.")

    @admin.action(description=LetManyGo.title, permissions=["decide"])
    def let_many_go(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse | None:
        return LetManyGo().page(self, request, queryset.select_related("service", "customer"))

    @admin.action(description=RefundMany.title, permissions=["decide"])
    def refund_many(self, request: HttpRequest, queryset: QuerySet[Order]) -> HttpResponse | None:
        return RefundMany().page(self, request, queryset.select_related("hold", "customer"))

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


def _timeline(order_id: int) -> dict[str, Any]:
    """Everything that happened to the order, newest first."""
    order = Order.objects.select_related("hold").filter(pk=order_id).first()
    if order is None:
        return timeline()
    events = order.events.select_related("actor").order_by("-pk")[:SHOWN]
    return timeline(
        of_money([order.hold], order.hold.transfers.all()),
        of_calls(Attempt.objects.filter(order=order)),
        [
            Step(
                at=event.at,
                what=event.get_kind_display() + ("" if event.count is None else f": {event.count:,}"),
                amount=usd(event.amount),
                by=event.actor or "The shop",
                note=event.note,
            )
            for event in events
        ],
        of_notices(customer_id=order.customer_id, link=reverse("orders:detail", args=[order.pk])),
        of_requests(order.requests.all()),
    )


# At the end, since it is this app's too.
from orders.admin_records import AttemptAdmin, DeliveredItemAdmin, GoodsRevealAdmin, OrderEventAdmin  # noqa: E402
from orders.plans.admin import PlanAdmin  # noqa: E402

__all__ = ["AttemptAdmin", "DeliveredItemAdmin", "GoodsRevealAdmin", "OrderAdmin", "OrderEventAdmin", "PlanAdmin"]
