"""Numbers in the admin: what came of each, its money, and its messages after a yes."""

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

from catalog.admin_purchase import as_id
from core.admin_acts import ActsAdmin, button, show_page
from core.admin_base import (
    NOTHING,
    ReadOnlyAdmin,
    lines_column,
    moment,
    moment_column,
    number_column,
    page_link,
    pill,
    unbroken,
    usd,
    usd_column,
)
from sms import states
from sms.admin_number_acts import ACTS, NumberAct
from sms.admin_search import NUMBERS
from sms.admin_timeline import timeline_of
from sms.models import Number

NUMBER_STATES = {
    states.WAITING: "info",
    states.RECEIVED: "success",
    states.FINISHED: "success",
    states.EXPIRED: "",
    states.CANCELED: "",
}


class LossFilter(admin.SimpleListFilter):
    """Numbers that the vendor charged for although no customer paid."""

    title = "loss"
    parameter_name = "loss"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "The vendor charged, the customer did not pay")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Number]) -> QuerySet[Number]:
        lost = {"state__in": states.UNPAID, "upstream_charge__gt": 0}
        return queryset.filter(**lost) if self.value() == "yes" else queryset


@admin.register(Number)
class NumberAdmin(ReadOnlyAdmin, ActsAdmin):
    list_display = ("number", "received", "phone_text", "what", "label", "paid", "charged")
    list_display_links = ("number",)
    list_filter = ("state", LossFilter, "received_at")
    list_select_related = ("purchase__customer", "slot__hold")
    search_fields = ("phone",)
    search_numbers = ("pk", "upstream_id", "purchase_id")
    search_ways = NUMBERS
    search_help_text = "Number of ours or of the vendor's, of the purchase, phone, or e-mail address"
    ordering = ("-pk",)
    acts = ACTS
    actions = ("ask_now",)
    readonly_fields = (
        *("phone_text", "label", "purchase_page", "customer_page", "hold_page", "messages_text", "full_flag"),
        *("paid", "charged", "earned", "vendor_number", "vendor_status"),
        *("received", "expires", "first_code", "finished", "changed", "next_poll", "as_written"),
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("phone_text", "label", "messages_text"),
                    ("purchase_page", "customer_page"),
                    ("received", "first_code", "expires", "finished"),
                )
            },
        ),
        ("Money", {"fields": (("paid", "charged", "earned"), "hold_page")}),
        (
            "At the vendor",
            {
                "fields": (
                    ("vendor_number", "vendor_status", "as_written"),
                    "full_flag",
                    ("next_poll", "poll_failures", "changed"),
                )
            },
        ),
    )

    number = number_column()
    received = moment_column("received_at", "Received")
    expires = moment_column("expires_at", "Waits until")
    first_code = moment_column("first_code_at", "First code", exact=True)
    finished = moment_column("finished_at", "Ended")
    changed = moment_column("changed_at", "Last news for the customer")
    next_poll = moment_column("next_poll_at", "Asked for next", exact=True)
    full_flag = lines_column("flag", "What is odd about the vendor's answers")
    vendor_status = lines_column("upstream_status", "Its word")
    as_written = lines_column("phone", "Phone as the vendor wrote it")
    charged = usd_column("upstream_charge", "Vendor charged")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Number]:
        numbers: QuerySet[Number] = super().get_queryset(request)
        return numbers.select_related("purchase__customer", "slot__hold")

    def has_act_permission(self, request: HttpRequest) -> bool:
        """To do something about numbers: nobody edits their rows."""
        return request.user.has_perm(NumberAct.permission)

    @admin.action(description="Ask the vendor now (live ones)", permissions=["act"])
    def ask_now(self, request: HttpRequest, queryset: QuerySet[Number]) -> None:
        live = Number.objects.filter(pk__in=queryset.values("pk"), state__in=states.LIVE)
        self.log_changes(request, list(live), "Asked the vendor.")
        asked = live.update(next_poll_at=timezone.now())
        self.message_user(request, f"{asked} are asked for in a moment. Money moves only with a code or an end.")

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.messages_view)
        return [path("<path:object_id>/messages/", page, name="sms_number_messages"), *super().get_urls()]

    def buttons(self, request: HttpRequest, row: Number) -> list[dict[str, Any]]:
        buttons = super().buttons(request, row)
        if request.user.has_perm("sms.view_message") and row.texts_removed_at is None and row.messages.exists():
            link = reverse("admin:sms_number_messages", args=[row.pk])
            buttons.append(button("Show messages", link, icon="visibility"))
        return buttons

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        number = Number.objects.filter(pk=as_id(unquote(object_id)) or 0).first()
        tables = {"timeline": timeline_of(number.purchase_id)} if number else {}
        return super().change_view(request, object_id, form_url, {**tables, **(extra_context or {})})

    def messages_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the customer received, in clear, after a yes that goes into the history."""
        number = self.get_object(request, unquote(object_id))
        if number is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not (self.has_view_permission(request, number) and request.user.has_perm("sms.view_message")):
            raise PermissionDenied
        page: dict[str, Any] = {"title": f"Messages to {number}", "original": number, "back": self.page_of(number)}
        if request.method != "POST":
            says = [
                "These are codes that open the customer's accounts. Look only when they asked for help.",
                "That you looked is kept in the number's history. No money moves.",
            ]
            return show_page(self, request, says=says, button="Show the messages", **page)
        came = list(number.messages.all())
        self.log_change(request, number, f"Looked at its {len(came)} messages.")
        items = [{"text": _message(each.received_at, each.code, each.text)} for each in came]
        return show_page(self, request, says=[], items=items, **page)

    @display(description="Phone", ordering="e164")
    def phone_text(self, number: Number) -> SafeString:
        return unbroken(number)

    @display(description="For")
    def what(self, number: Number) -> SafeString:
        purchase = number.purchase
        text = f"{Truncator(purchase.site_name).chars(40)}, {purchase.country_name}"
        return format_html('<div>{} <span class="block text-xs">{}</span></div>', text, purchase.customer)

    @display(description="State", ordering="state")
    def label(self, number: Number) -> SafeString:
        return pill(number.get_state_display(), NUMBER_STATES[number.state])

    @display(description="Vendor's number", ordering="upstream_id")
    def vendor_number(self, number: Number) -> str:
        return str(number.upstream_id)

    @display(description="Paid")
    def paid(self, number: Number) -> str:
        hold = number.slot.hold
        return usd(hold.captured - hold.refunded) if number.state in states.PAID else NOTHING

    @display(description="Left of it")
    def earned(self, number: Number) -> str:
        """What the customer paid less the vendor's own charge: below zero where no code came and it charged."""
        if number.state == states.WAITING or number.upstream_charge is None:
            return NOTHING
        hold = number.slot.hold
        return usd(hold.captured - hold.refunded - number.upstream_charge)

    @display(description="Messages")
    def messages_text(self, number: Number) -> str:
        removed = f", removed on {moment(number.texts_removed_at)}" if number.texts_removed_at else ""
        return f"{number.messages.count()}{removed}"

    @display(description="Purchase")
    def purchase_page(self, number: Number) -> SafeString:
        purchase = number.purchase
        return page_link("sms_purchase_change", purchase.pk, f"Purchase {purchase.pk}: {purchase.site_name}")

    @display(description="Customer")
    def customer_page(self, number: Number) -> SafeString:
        return page_link("accounts_user_change", number.purchase.customer_id, number.purchase.customer)

    @display(description="Hold")
    def hold_page(self, number: Number) -> SafeString:
        return page_link("wallet_hold_change", number.slot.hold_id, number.slot.hold.key)


def _message(received_at: datetime, code: str, text: str) -> str:
    return "\n".join(part for part in (moment(received_at), code, text) if part)
