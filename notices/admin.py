"""What customers were told by e-mail, in the admin: to be read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from core.admin_base import ReadOnlyAdmin, moment_column, number_column, page_link, pill, text_column
from notices.models import Notice

COLOURS = {"DUE": "info", "SENDING": "primary", "SENT": "success", "UNKNOWN": "warning", "DROPPED": ""}


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ("number", "made", "customer", "kind", "label", "finished", "short_why")
    list_filter = ("state", "kind", "made_at")
    list_select_related = ("customer",)
    search_fields = ("customer__email",)
    search_help_text = "Number or e-mail address"
    ordering = ("-pk",)
    fields = (("customer_page", "kind", "label"), ("made", "due", "finished"), ("tries", "why"), ("link", "about"))
    readonly_fields = ("customer_page", "label", "made", "due", "finished")

    number = number_column()
    made = moment_column("made_at", "Happened")
    due = moment_column("due_at", "Not sent before", exact=True)
    finished = moment_column("finished_at", "Sent or dropped", exact=True)
    short_why = text_column("why", "Why not")

    @display(description="State", ordering="state")
    def label(self, notice: Notice) -> SafeString:
        return pill(notice.get_state_display(), COLOURS[notice.state])

    @display(description="Customer")
    def customer_page(self, notice: Notice) -> SafeString:
        return page_link("accounts_user_change", notice.customer_id, notice.customer)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("customer")
