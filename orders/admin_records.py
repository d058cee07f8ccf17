"""What is kept beside orders, in the admin: calls, events, delivered items and who saw them, promotion codes used."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from catalog.admin_purchase import CallAdmin, subject_column
from core.admin_base import (
    ReadOnlyAdmin,
    lines_column,
    moment_column,
    number_column,
    text_column,
    usd_column,
)
from orders import states
from orders.models import Attempt, DeliveredItem, GoodsReveal, OrderEvent, PromotionUse


@admin.register(Attempt)
class AttemptAdmin(CallAdmin):
    list_display = ("number", "started", "order_page", "label", "took", "short_detail")
    search_numbers = ("pk", "order_id")
    search_help_text = "Number, number of the order, or words of the answer"
    fields = (("order_page", "label"), ("started", "finished", "took"), "answer", "sent", "claim")
    readonly_fields = ("order_page", *CallAdmin.readonly_fields)

    order_page = subject_column("orders_order_change", "order_id", "Order")


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

    order_page = subject_column("orders_order_change", "order_id", "Order")

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

    order_page = subject_column("orders_order_change", "order_id", "Order")

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

    order_page = subject_column("orders_order_change", "order_id", "Order")


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

    order_page = subject_column("orders_order_change", "order_id", "Order")

    @display(description="Who")
    def who(self, reveal: GoodsReveal) -> str:
        return str(reveal.actor)
