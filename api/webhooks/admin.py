"""Customers' webhooks in the admin: how each stands, what was sent to it, and the acts of an operator.

What was sent and what signs it are the customer's own: neither is shown. An address may have a token in it, so only
its beginning is.
"""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.enums import ActionVariant

from api.webhooks import hooks, names, resend
from api.webhooks.models import Delivery, Try, Webhook
from core.admin_acts import Act, ActsAdmin, Done
from core.admin_base import (
    NOTHING,
    ReadOnlyAdmin,
    count_column,
    list_link,
    moment,
    moment_column,
    number_column,
    page_link,
    pill,
    unbroken,
)

SHOWN = 30
STATES = {Delivery.State.PENDING: "info", Delivery.State.DELIVERED: "success", Delivery.State.GIVEN_UP: "danger"}


def begins(url: str) -> str:
    """Where an address leads, without what may be a secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…"


class HookAct(Act[Webhook]):
    """An act on a customer's address."""

    permission = "api.change_webhook"

    def facts(self) -> list[tuple[str, str]]:
        hook = self.row
        return [
            ("Customer", str(hook.customer)),
            ("Address", begins(hook.url)),
            ("Nothing was taken since", moment(hook.failing_since)),
        ]


class Pause(HookAct):
    """On → off."""

    path = "pause"
    title = "Pause it"
    button = "Pause it"
    icon = "pause"
    variant = ActionVariant.DANGER

    def fits(self) -> bool:
        return self.row.active

    def says(self) -> list[str]:
        return [
            "Nothing more is sent there. What is on its way is given up, and can be sent again from the list.",
            "The customer sees that it is off, and may switch it on again. Orders and numbers go on; no money moves.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        hooks.switch_off(hook_id=self.row.pk, customer=self.row.customer, now=now)
        return Done(f"{self.row} is paused.")


class Resume(HookAct):
    """Off → on."""

    path = "resume"
    title = "Resume it"
    button = "Resume it"
    icon = "play_arrow"

    def fits(self) -> bool:
        return not self.row.active

    def says(self) -> list[str]:
        return [
            "It is told of what happens from now on, and not of what happened meanwhile. No money moves.",
            "The customer may have switched it off themselves: resume it only when they want it.",
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        hooks.switch_on(hook_id=self.row.pk, customer=self.row.customer, now=now)
        return Done(f"{self.row} is on.")


class Resend(Act[Delivery]):
    """Delivered, given up or waiting → begun anew."""

    path = "resend"
    title = "Send it again"
    button = "Send it again"
    icon = "send"
    permission = "api.change_delivery"
    refusals = (resend.CantSend,)

    def fits(self) -> bool:
        return self.row.webhook.active

    def says(self) -> list[str]:
        return [
            "The same event goes out once more under its own id, with all its tries. A receiver that keeps ids sees "
            "that it knows it. No money moves.",
        ]

    def facts(self) -> list[tuple[str, str]]:
        hook = self.row.webhook
        return [
            ("Customer", str(hook.customer)),
            ("Event", self.row.event.name),
            ("Address", begins(hook.url)),
            ("State", str(self.row.get_state_display())),
        ]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        hook = self.row.webhook
        resend.resend(delivery_id=self.row.pk, hook_id=hook.pk, customer=hook.customer, now=now)
        return Done("It goes out in a few seconds.")


class EventFilter(admin.SimpleListFilter):
    """Deliveries of one kind of event, without asking the table which kinds there are."""

    title = "event"
    parameter_name = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in (*names.ALL, names.TEST)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> QuerySet[Delivery]:
        return queryset.filter(event__name=self.value()) if self.value() else queryset


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin, ActsAdmin):
    list_display = ("number", "customer_page", "address", "label", "wants", "failing", "created")
    list_display_links = ("number",)
    list_filter = ("active", "created_at")
    list_select_related = ("customer",)
    search_fields = ("customer__email", "url")
    search_help_text = "Number, e-mail address, or a part of the address"
    ordering = ("-pk",)
    acts = (Pause, Resume)
    fields = (("customer_page", "address", "label"), "events_text", ("created", "since"), ("failing", "paused"), "sent")
    readonly_fields = (
        *("customer_page", "address", "label", "events_text", "created", "since", "failing", "paused", "sent"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        rows: QuerySet[Webhook] = super().get_queryset(request)
        return rows.defer("secret", "old_secret")

    number = number_column()
    created = moment_column("created_at", "Made")
    since = moment_column("active_since", "On since")
    failing = moment_column("failing_since", "Nothing was taken since")
    paused = moment_column("paused_at", "Given up by the shop")

    @display(description="Customer", ordering="customer")
    def customer_page(self, hook: Webhook) -> SafeString:
        return page_link("accounts_user_change", hook.customer_id, str(hook.customer))

    @display(description="Address")
    def address(self, hook: Webhook) -> str:
        return begins(hook.url)

    @display(description="State", ordering="active")
    def label(self, hook: Webhook) -> SafeString:
        if hook.paused_at is not None:
            return pill("Given up", "danger")
        if not hook.active:
            return pill("Off", "")
        return pill("Failing", "warning") if hook.failing_since else pill("On", "success")

    @display(description="Events")
    def wants(self, hook: Webhook) -> str:
        return str(len(hook.events))

    @display(description="Events")
    def events_text(self, hook: Webhook) -> str:
        return ", ".join(hook.events) or NOTHING

    @display(description="What was sent")
    def sent(self, hook: Webhook) -> SafeString:
        return list_link("api_delivery_changelist", "Its deliveries", webhook__id__exact=hook.pk)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin, ActsAdmin):
    list_display = ("number", "happened", "name", "customer_page", "hook_number", "label", "count", "next_one")
    list_display_links = ("number",)
    list_filter = ("state", EventFilter, "event__created_at")
    list_select_related = ("event", "webhook__customer")
    search_fields = ("webhook__customer__email",)
    search_numbers = ("pk", "webhook")
    search_help_text = "Number of the delivery or of the webhook, or an e-mail address"
    ordering = ("-pk",)
    acts = (Resend,)
    fields = (
        ("customer_page", "hook_page", "address"),
        ("name", "event_id_text", "uid_text"),
        ("label", "count", "happened"),
        ("next_one", "finished"),
        "posts_text",
    )
    readonly_fields = (
        *("customer_page", "hook_page", "address", "name", "event_id_text", "uid_text", "label", "count", "happened"),
        *("next_one", "finished", "posts_text"),
    )

    number = number_column()
    count = count_column("tries", "Tries")
    next_one = moment_column("next_at", "Next try", exact=True)
    finished = moment_column("finished_at", "Ended", exact=True)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        rows: QuerySet[Delivery] = super().get_queryset(request)
        # Nobody here reads what was sent, nor what signs it.
        return rows.select_related("event", "webhook__customer").defer(
            "event__body", "webhook__secret", "webhook__old_secret"
        )

    @display(description="Event", ordering="event__name")
    def name(self, delivery: Delivery) -> str:
        return delivery.event.name

    @display(description="Webhook-Id")
    def event_id_text(self, delivery: Delivery) -> str:
        return str(delivery.event.uid)

    @display(description="Webhook-Delivery")
    def uid_text(self, delivery: Delivery) -> str:
        return str(delivery.uid)

    @display(description="Happened", ordering="event__created_at")
    def happened(self, delivery: Delivery) -> SafeString:
        return unbroken(moment(delivery.event.created_at))

    @display(description="Customer")
    def customer_page(self, delivery: Delivery) -> SafeString:
        customer = delivery.webhook.customer
        return page_link("accounts_user_change", customer.pk, str(customer))

    @display(description="Webhook")
    def hook_page(self, delivery: Delivery) -> SafeString:
        return page_link("api_webhook_change", delivery.webhook_id, str(delivery.webhook))

    @display(description="Webhook", ordering="webhook")
    def hook_number(self, delivery: Delivery) -> SafeString:
        return page_link("api_webhook_change", delivery.webhook_id, delivery.webhook_id)

    @display(description="Address")
    def address(self, delivery: Delivery) -> str:
        return begins(delivery.webhook.url)

    @display(description="State", ordering="state")
    def label(self, delivery: Delivery) -> SafeString:
        return pill(delivery.get_state_display(), STATES[Delivery.State(delivery.state)])

    @display(description="Posts, the newest first")
    def posts_text(self, delivery: Delivery) -> SafeString | str:
        return (
            format_html_join("", "<div>{}</div>", ((_post(each),) for each in delivery.posts.all()[:SHOWN])) or NOTHING
        )


def _post(post: Try) -> str:
    came = f"HTTP {post.status}" if post.status else post.error
    return f"{moment(post.at)}: {came}, after {post.milliseconds:,} ms"
