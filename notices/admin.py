"""What customers were told by e-mail, in the admin: to be read; and e-mails of the operator's own to many of them."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.decorators import display

from core.admin_acts import Act, ActsAdmin, Done
from core.admin_base import (
    NOTHING,
    ReadOnlyAdmin,
    ShopAdmin,
    count_column,
    moment_column,
    number_column,
    page_link,
    pill,
    text_column,
)
from notices import mailing as mailings
from notices.models import Mailing, Notice

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


class Send(Act[Mailing]):
    """Draft → the outboxes of everybody who gets it."""

    path = "send"
    title = "Send it"
    button = "Send it now"
    first_button = "Continue"
    icon = "send"
    permission = "notices.change_mailing"
    form = forms.Form
    refusals = (mailings.CantSend,)

    def fits(self) -> bool:
        return self.row.begun_at is None

    def says(self) -> list[str]:
        return [
            "Each customer gets one e-mail, in their own language where there is a text in it, with a link that "
            "switches such e-mails off. It can't be called back, and goes out once.",
            "Whoever switched news off, has no confirmed address, or has a closed account gets none.",
        ]

    def facts(self) -> list[tuple[str, str]]:
        return [("Subject", self.row.subject_en), ("To", self.row.get_audience_display())]

    def figures(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        count = mailings.audience(self.row, now=timezone.now()).count()
        if not count:
            raise mailings.CantSend("Nobody would get it.")
        return [("Customers who get it", f"{count:,}")]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        count = mailings.begin(mailing=self.row, now=now)
        return Done(f"{count:,} e-mails are on their way. No money moved.")


@admin.register(Mailing)
class MailingAdmin(ActsAdmin, ShopAdmin):
    """E-mails to many customers at once."""

    acts = (Send,)
    list_display = ("subject_en", "audience", "recipients_count", "made", "begun")
    search_fields = ("subject_en", "subject_zh")
    ordering = ("-pk",)
    fields = (
        ("audience", "group"),
        ("subject_en", "subject_zh"),
        ("text_en", "text_zh"),
        ("made", "begun"),
        "progress",
    )
    readonly_fields = ("made", "begun", "progress")

    made = moment_column("made_at", "Written")
    begun = moment_column("begun_at", "Sent")
    recipients_count = count_column("recipients", "Customers")

    @admin.display(description="How far it is")
    def progress(self, mailing: Mailing) -> str:
        if mailing.begun_at is None:
            return NOTHING
        counts = dict(mailing.notices.order_by().values_list("state").annotate(Count("pk")))
        told = [f"{counts[state.value]:,} {state.label.lower()}" for state in Notice.State if state.value in counts]
        # Notices are forgotten a week after they went out.
        return f"Of {mailing.recipients:,}: {', '.join(told) or 'all done, more than a week ago'}"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        if not change:
            obj.made_by, obj.made_at = request.user, timezone.now()
        super().save_model(request, obj, form, change)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_change_permission(request, obj)) and not (obj and obj.begun_at)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(super().has_delete_permission(request, obj)) and not (obj and obj.begun_at)
