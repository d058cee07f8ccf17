"""Purchases of numbers in the admin: to be read, with every call to the vendor, and decided where the shop can't."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.decorators import display

from accounts.roles import DECIDE
from catalog.admin_purchase import (
    SHOWN,
    CallAdmin,
    as_id,
    calls,
    subject_column,
)
from core.admin_acts import ActsAdmin
from core.admin_base import (
    NOTHING,
    ReadOnlyAdmin,
    lines_column,
    moment_column,
    number_column,
    page_link,
    pill,
    text_column,
    usd,
    usd_column,
)
from sms import states
from sms.admin.numbers import NUMBER_STATES
from sms.admin_acts import PURCHASE_ACTS
from sms.admin_bulk import LetManyGo
from sms.admin_search import PURCHASES
from sms.admin_timeline import timeline_of
from sms.models import Attempt, Number, Purchase, PurchaseEvent, Slot
from upstream.forwarding import BelowCost

PURCHASE_STATES = {
    states.PLACED: "info",
    states.SUBMITTING: "info",
    states.RUNNING: "primary",
    states.UNCERTAIN: "warning",
    states.CLOSED: "success",
    states.REJECTED: "danger",
}


@admin.register(Purchase)
class PurchaseAdmin(ReadOnlyAdmin, ActsAdmin):
    list_display = ("number", "placed", "customer", "what", "total_usd", "label")
    list_display_links = ("number",)
    list_filter = ("state", "below_cost", "reason", "placed_at")
    list_select_related = ("customer",)
    search_fields = ("reference",)
    search_numbers = ("pk", "numbers__upstream_id")
    search_ways = PURCHASES
    search_help_text = "Our number or the vendor's, reference, e-mail address, or phone"
    acts = PURCHASE_ACTS
    actions = (LetManyGo.action,)
    readonly_fields = (
        *("label", "customer_page", "project_page", "again", "reason_text", "full_flag", "evidence_text"),
        *("total_usd", "price_usd", "cost_usd", "placed", "accepted", "finished", "due"),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("label", "quantity", "reference"),
                    ("customer_page", "project_page", "again"),
                    ("placed", "accepted", "finished"),
                    "reason_text",
                )
            },
        ),
        ("Money", {"fields": (("total_usd", "price_usd", "cost_usd"),)}),
        ("At the vendor", {"fields": ("full_flag", "evidence_text", ("tries", "due"))}),
    )

    number = number_column()
    placed = moment_column("placed_at", "Placed")
    accepted = moment_column("accepted_at", "Accepted")
    finished = moment_column("finished_at", "Finished")
    due = moment_column("not_before", "Not sent before")
    total_usd = usd_column("total", "Set aside")
    price_usd = usd_column("price", "Price of a number")
    cost_usd = usd_column("cost", "Expected cost of a number")
    full_flag = lines_column("flag", "What is odd")
    evidence_text = lines_column("evidence", "What our balance there says of a call that was not answered")
    again = lines_column("phone", "Number to use again")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Purchase]:
        purchases: QuerySet[Purchase] = super().get_queryset(request)
        return purchases.select_related("customer")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """To move money."""
        return request.user.has_perm(DECIDE)

    @admin.action(description=LetManyGo.title, permissions=["decide"])
    def let_many_go(self, request: HttpRequest, queryset: QuerySet[Purchase]) -> HttpResponse | None:
        return LetManyGo().page(self, request, queryset.select_related("project", "customer"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        pk = as_id(unquote(object_id))
        tables: dict[str, Any] = {}
        if pk is not None:
            tables = {
                "places": _places(pk),
                "timeline": timeline_of(pk),
                "attempts": calls(Attempt.objects.filter(purchase_id=pk), "sms_attempt_change"),
                "attempts_list": reverse("admin:sms_attempt_changelist") + f"?purchase__id__exact={pk}",
                "timeline_list": reverse("admin:sms_purchaseevent_changelist") + f"?purchase__id__exact={pk}",
                "shown": SHOWN,
            }
        return super().change_view(request, object_id, form_url, {**tables, **(extra_context or {})})

    @display(description="State", ordering="state")
    def label(self, purchase: Purchase) -> SafeString:
        if purchase.state == states.PLACED and purchase.below_cost == BelowCost.HELD:
            return pill("Held back: below cost", "warning")
        return pill(purchase.get_state_display(), PURCHASE_STATES[purchase.state])

    @display(description="What")
    def what(self, purchase: Purchase) -> SafeString:
        site, flag = Truncator(purchase.site_name).chars(60), Truncator(purchase.flag).chars(60)
        return format_html(
            '<div class="min-w-52">{} × {}, {}<div class="text-orange-700 text-xs dark:text-orange-400">{}</div></div>',
            purchase.quantity,
            site,
            purchase.country_name,
            flag,
        )

    @display(description="Customer")
    def customer_page(self, purchase: Purchase) -> SafeString:
        return page_link("accounts_user_change", purchase.customer_id, purchase.customer)

    @display(description="For")
    def project_page(self, purchase: Purchase) -> SafeString:
        return page_link("sms_project_change", purchase.project_id, f"{purchase.site_name}, {purchase.country_name}")

    @display(description="What the customer was told")
    def reason_text(self, purchase: Purchase) -> str:
        return purchase.get_reason_display() if purchase.reason else NOTHING


def _places(purchase_id: int) -> dict[str, Any]:
    """Each number's place: its money, and the number that came."""
    slots = Slot.objects.filter(purchase_id=purchase_id).select_related("hold", "number").order_by("position")
    return {
        "headers": ["Place", "Hold", "Its money", "Number", "State", "The vendor charged"],
        "rows": [_place(slot) for slot in slots],
    }


def _place(slot: Slot) -> list[Any]:
    hold = slot.hold
    money = {
        "OPEN": f"{usd(hold.amount)} on hold",
        "CAPTURED": f"{usd(hold.captured)} paid" + (f", {usd(hold.refunded)} refunded" if hold.refunded else ""),
        "RELEASED": f"{usd(hold.amount)} back with the customer",
    }[hold.state]
    number: Number | None = getattr(slot, "number", None)
    came: list[Any] = [NOTHING, NOTHING, NOTHING]
    if number is not None:
        came = [
            page_link("sms_number_change", number.pk, number),
            pill(number.get_state_display(), NUMBER_STATES[number.state]),
            usd(number.upstream_charge),
        ]
    return [str(slot.position), page_link("wallet_hold_change", hold.pk, hold.key), money, *came]


@admin.register(Attempt)
class AttemptAdmin(CallAdmin):
    list_display = ("number", "started", "purchase_page", "label", "took", "short_detail")
    search_numbers = ("pk", "purchase_id")
    search_help_text = "Number, number of the purchase, or words of the answer"
    fields = (("purchase_page", "label"), ("started", "finished", "took"), "answer", "sent", "claim")
    readonly_fields = ("purchase_page", *CallAdmin.readonly_fields)

    purchase_page = subject_column("sms_purchase_change", "purchase_id", "Purchase")


@admin.register(PurchaseEvent)
class PurchaseEventAdmin(ReadOnlyAdmin):
    list_display = ("when", "purchase_page", "actor", "short_note")
    list_filter = ("at",)
    list_select_related = ("actor",)
    search_fields = ("note", "actor__email")
    search_numbers = ("purchase_id",)
    search_help_text = "Number of the purchase, words of a note, or an operator's e-mail address"
    ordering = ("-pk",)
    fields = (("when", "purchase_page", "actor"), "full_note")
    readonly_fields = ("when", "purchase_page", "full_note")

    when = moment_column("at", "When", exact=True)
    full_note = lines_column("note", "Note")
    short_note = text_column("note", "Note", most=90)
    purchase_page = subject_column("sms_purchase_change", "purchase_id", "Purchase")
