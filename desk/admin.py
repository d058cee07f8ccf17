"""The help desk in the admin: what customers ask for, announcements, and answered questions."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.decorators import display

from core.admin_acts import ActsAdmin
from core.admin_base import (
    NOTHING,
    ReadOnlyAdmin,
    ShopAdmin,
    lines_column,
    moment,
    moment_column,
    number_column,
    page_link,
    pill,
    text_column,
    unbroken,
    usd,
)
from desk.admin_acts import ACTS
from desk.models import Announcement, Message, Question, Request
from desk.positions import show

COLOURS = {
    Request.State.OPEN: "warning",
    Request.State.ANSWERED: "info",
    Request.State.DONE: "success",
    Request.State.REFUSED: "danger",
}
SHOWN = 200


@admin.register(Request)
class RequestAdmin(ReadOnlyAdmin, ActsAdmin):
    """What customers ask for and the vendor has no call for: seen to by hand, then closed."""

    list_display = ("number", "asked", "wish", "label", "about", "customer", "what")
    list_display_links = ("number",)
    list_filter = ("state", "kind", "asked_at")
    list_select_related = ("customer", "order", "purchase")
    search_fields = ("customer__email", "order__service_name", "subject")
    search_numbers = ("pk", "order_id", "order__upstream_id")
    search_help_text = "Number of the request or the order, e-mail address, service, subject"
    ordering = ("-pk",)
    acts = ACTS
    fields = (
        ("wish", "label", "asked", "decided"),
        ("about", "customer_page", "what"),
        ("full_subject", "items"),
        ("actor", "full_note"),
    )
    readonly_fields = (
        *("wish", "label", "asked", "decided", "about", "customer_page", "what"),
        *("full_subject", "items", "actor", "full_note"),
    )

    number = number_column()
    asked = moment_column("asked_at", "Asked")
    decided = moment_column("decided_at", "Closed")
    full_note = lines_column("note", "Reason")
    full_subject = lines_column("subject", "Subject")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Request]:
        requests: QuerySet[Request] = super().get_queryset(request)
        return requests.select_related("customer", "order__hold", "order__service", "purchase", "actor")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        pk = unquote(object_id)
        thread: dict[str, Any] = {}
        if pk.isascii() and pk.isdigit() and len(pk) < 19:
            thread = {"thread": _thread(Message.objects.filter(request_id=int(pk)))}
        return super().change_view(request, object_id, form_url, {**thread, **(extra_context or {})})

    @display(description="For", ordering="kind")
    def wish(self, request_: Request) -> str:
        return request_.get_kind_display()

    @display(description="State", ordering="state")
    def label(self, request_: Request) -> SafeString:
        return pill(request_.get_state_display(), COLOURS[Request.State(request_.state)])

    @display(description="About", ordering="order_id")
    def about(self, request_: Request) -> SafeString | str:
        if request_.order_id:
            return page_link("orders_order_change", request_.order_id, f"Order {request_.order_id}")
        if request_.purchase_id:
            return page_link("sms_purchase_change", request_.purchase_id, f"Purchase {request_.purchase_id}")
        return NOTHING

    @display(description="Customer")
    def customer_page(self, request_: Request) -> SafeString:
        return page_link("accounts_user_change", request_.customer_id, request_.customer)

    @display(description="What")
    def what(self, request_: Request) -> str:
        if request_.subject:
            return Truncator(request_.subject).chars(60)
        if request_.order:
            return Truncator(request_.order.service_name).chars(60)
        return request_.purchase.site_name if request_.purchase else NOTHING

    @display(description="Items it is about")
    def items(self, request_: Request) -> str:
        return show(request_.positions) or NOTHING


def _thread(messages: QuerySet[Message]) -> dict[str, Any]:
    newest = list(messages.select_related("author").order_by("-pk")[:SHOWN])
    return {
        "headers": ["When", "Who", "What"],
        "rows": [
            [
                unbroken(moment(message.at)),
                f"{message.author or 'The shop'}{' (customer)' if message.by_customer else ''}",
                format_html('<div class="shop-message">{}</div>', _said(message)),
            ]
            for message in reversed(newest)
        ],
    }


def _said(message: Message) -> str:
    facts = {
        Message.Kind.TEXT: "",
        Message.Kind.REFUNDED: f"Refunded {usd(message.amount)}.",
        Message.Kind.REPLACED: f"Delivered {message.count or 0:,} items again.",
        Message.Kind.DONE: "Closed as done.",
        Message.Kind.REFUSED: "Refused.",
    }
    return "\n".join(text for text in [facts[Message.Kind(message.kind)], message.text] if text)


@admin.register(Announcement)
class AnnouncementAdmin(ShopAdmin):
    list_display = ("title_en", "tone", "pinned", "begins", "ends")
    list_filter = ("pinned", "tone", "from_at")
    search_fields = ("title_en", "title_zh", "text_en", "text_zh")
    fields = (
        ("title_en", "title_zh"),
        ("text_en", "text_zh"),
        ("tone", "pinned"),
        ("from_at", "until_at"),
    )

    begins = moment_column("from_at", "From")
    ends = moment_column("until_at", "Until")


@admin.register(Question)
class QuestionAdmin(ShopAdmin):
    list_display = ("short_question", "position", "shown")
    list_display_links = ("short_question",)
    list_editable = ("position", "shown")
    search_fields = ("question_en", "question_zh", "answer_en", "answer_zh")
    fields = (("question_en", "question_zh"), ("answer_en", "answer_zh"), ("position", "shown"))

    short_question = text_column("question_en", "Question", most=90)
