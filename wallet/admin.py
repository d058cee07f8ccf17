"""The books in the admin: to be read; and a customer's balance is adjusted by a transfer of its own."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.models import User
from accounts.search import people
from core.admin_acts import ActsAdmin, button
from core.admin_base import (
    NOTHING,
    ReadOnlyAdmin,
    list_link,
    moment_column,
    number_column,
    page_link,
    pill,
    usd,
    usd_column,
)
from core.admin_lists import DaysFilter, by_text
from core.money import ZERO
from wallet.admin_acts import Adjust
from wallet.models import Account, Hold, Transfer

# The kinds of transfer that touch one of the shop's own accounts.
_KINDS = {
    Account.Kind.PAYMENTS: [Transfer.Kind.DEPOSIT, Transfer.Kind.CHARGEBACK],
    Account.Kind.SALES: [Transfer.Kind.CAPTURE, Transfer.Kind.REFUND],
    Account.Kind.ADJUSTMENTS: [Transfer.Kind.ADJUSTMENT],
    Account.Kind.PROMOTIONS: [Transfer.Kind.BONUS],
}

_COLOURS = {
    **{"DEPOSIT": "success", "CAPTURE": "info", "REFUND": "warning", "ADJUSTMENT": "primary", "BONUS": "success"},
    "CHARGEBACK": "danger",
    **{"OPEN": "info", "CAPTURED": "success", "RELEASED": ""},
}


def _of_people(text: str) -> Q | None:
    ids = people(text)
    return Q(customer__owner__in=ids) if ids else None


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin, ActsAdmin):
    list_display = ("name", "kind", "balance_usd", "held_usd", "available_usd")
    list_filter = ("kind",)
    list_select_related = ("owner",)
    search_fields = ("owner__email",)
    search_numbers = ("pk", "owner_id")
    ordering = ("-pk",)
    readonly_fields = ("name", "balance_usd", "held_usd", "available_usd", "sum_usd", "transfers", "holds")

    def get_fields(self, request: HttpRequest, obj: Account | None = None) -> list[Any]:
        if obj is not None and obj.owner_id is None:
            return [("name", "kind"), ("sum_usd", "transfers")]
        return [("name", "kind"), ("balance_usd", "held_usd", "available_usd"), ("transfers", "holds")]

    def get_urls(self) -> list[URLPattern]:
        # By customer, since one who never had money has no account yet.
        adjust = path("adjust/<int:user_id>/", self.admin_site.admin_view(self.adjust), name="wallet_account_adjust")
        return [adjust, *super().get_urls()]

    def adjust(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """Adjust the balance of a customer."""
        owner = get_object_or_404(User, pk=user_id)
        account = Account.objects.filter(owner=owner).select_related("owner").first()
        return self.act_page(request, Adjust, account or Account(owner=owner, kind=Account.Kind.CUSTOMER))

    def buttons(self, request: HttpRequest, row: Account) -> list[dict[str, Any]]:
        if row.owner_id is None or not request.user.has_perm(Adjust.permission):
            return []
        return [
            button(
                Adjust.title,
                reverse("admin:wallet_account_adjust", args=[row.owner_id]),
                icon=Adjust.icon,
                variant=Adjust.variant,
            )
        ]

    @display(description="Account")
    def name(self, account: Account) -> str | SafeString:
        if account.owner_id is None:
            return str(account)
        return str(account.owner)

    @display(description="Balance", ordering="balance")
    def balance_usd(self, account: Account) -> str:
        return usd(account.balance) if account.owner_id else NOTHING

    @display(description="On hold", ordering="held")
    def held_usd(self, account: Account) -> str:
        return usd(account.held) if account.owner_id else NOTHING

    @display(description="Available")
    def available_usd(self, account: Account) -> str:
        return usd(account.available) if account.owner_id else NOTHING

    @display(description="Sum of its transfers")
    def sum_usd(self, account: Account) -> str:
        came = account.transfers_in.aggregate(sum=Sum("amount"))["sum"] or ZERO
        went = account.transfers_out.aggregate(sum=Sum("amount"))["sum"] or ZERO
        return usd(came - went)

    @display(description="Transfers")
    def transfers(self, account: Account) -> SafeString:
        if account.owner_id is None:
            kinds = ",".join(_KINDS[Account.Kind(account.kind)])
            return list_link("wallet_transfer_changelist", "Its transfers", kind__in=kinds)
        return list_link("wallet_transfer_changelist", "Its transfers", customer__id__exact=account.pk)

    @display(description="Holds")
    def holds(self, account: Account) -> SafeString:
        open_ones: dict[str, str | int] = {"account__id__exact": account.pk, "state__exact": Hold.State.OPEN.value}
        return list_link("wallet_hold_changelist", "Its open holds", **open_ones)


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    list_display = (
        "number",
        "created",
        "label",
        "amount_usd",
        "source",
        "target",
        "balance_after_usd",
        "memo",
    )
    list_filter = ("kind", ("created_at", DaysFilter))
    list_filter_submit = True
    days = "created_at"
    sortable_by = ("number", "created")
    list_select_related = ("source__owner", "target__owner")
    search_fields = ("key",)
    search_ways = (by_text("key"), _of_people)
    search_help_text = "Number, key, or e-mail address of the customer"
    fields = (
        ("label", "created"),
        ("source_page", "target_page", "amount_usd"),
        ("balance_after_usd", "memo"),
        ("key", "hold_page"),
    )
    readonly_fields = ("label", "amount_usd", "balance_after_usd", "source_page", "target_page", "hold_page", "created")

    @display(description="Kind", ordering="kind")
    def label(self, transfer: Transfer) -> SafeString:
        return pill(transfer.get_kind_display(), _COLOURS[transfer.kind])

    number = number_column()
    created = moment_column("created_at", "When")
    amount_usd = usd_column("amount", "Amount")
    balance_after_usd = usd_column("balance_after", "Customer's balance after")

    @display(description="From")
    def source_page(self, transfer: Transfer) -> SafeString:
        return page_link("wallet_account_change", transfer.source_id, transfer.source)

    @display(description="To")
    def target_page(self, transfer: Transfer) -> SafeString:
        return page_link("wallet_account_change", transfer.target_id, transfer.target)

    @display(description="Hold")
    def hold_page(self, transfer: Transfer) -> SafeString | str:
        return page_link("wallet_hold_change", transfer.hold_id, transfer.hold) if transfer.hold_id else NOTHING


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    list_display = (
        "key",
        "account",
        "label",
        "amount_usd",
        "captured_usd",
        "refunded_usd",
        "created",
        "closed",
    )
    list_filter = ("state", "created_at")
    list_select_related = ("account__owner",)
    search_fields = ("=key", "account__owner__email")
    search_help_text = "Number, key, or e-mail address of the customer"
    ordering = ("-pk",)
    fields = (
        ("key", "label"),
        ("account_page", "transfers"),
        ("amount_usd", "captured_usd", "refunded_usd"),
        ("created", "closed"),
    )
    readonly_fields = (
        "label",
        "account_page",
        "transfers",
        "amount_usd",
        "captured_usd",
        "refunded_usd",
        "created",
        "closed",
    )

    @display(description="State", ordering="state")
    def label(self, hold: Hold) -> SafeString:
        return pill(hold.get_state_display(), _COLOURS[hold.state])

    created = moment_column("created_at", "Opened")
    closed = moment_column("closed_at", "Closed")
    amount_usd = usd_column("amount", "Amount")
    captured_usd = usd_column("captured", "Captured")
    refunded_usd = usd_column("refunded", "Refunded")

    @display(description="Account")
    def account_page(self, hold: Hold) -> SafeString:
        return page_link("wallet_account_change", hold.account_id, hold.account)

    @display(description="Transfers")
    def transfers(self, hold: Hold) -> SafeString:
        return list_link("wallet_transfer_changelist", "Its transfers", hold__id__exact=hold.pk)
