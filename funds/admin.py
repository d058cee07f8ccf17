"""Money in, in the admin: top-ups to be read and decided on, methods, bonuses, vouchers, debts."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from core.admin_acts import ActsAdmin, show_page
from core.admin_base import (
    NOTHING,
    ReadOnlyAdmin,
    ShopAdmin,
    count_column,
    list_link,
    moment_column,
    number_column,
    page_link,
    pill,
    usd,
    usd_column,
)
from core.money import plain
from core.sheets import csv_response
from funds import vouchers
from funds.admin_acts import Approve, AskNow, Collect, Forgive, Refuse, VoidRest
from funds.admin_forms import MakeForm, MethodForm
from funds.models import Batch, Bonus, Debt, Method, TopUp, Voucher
from funds.providers import is_set_up

_COLOURS = {
    **{"OPEN": "info", "PROCESSING": "info", "CHECKING": "warning", "REVIEW": "danger", "PAID": "success"},
    **{"EXPIRED": "", "FAILED": "", "REFUSED": "", "RETURNED": "", "FORGIVEN": ""},
    **{"READY": "info", "REDEEMED": "success", "VOID": ""},
}

# What customers read would be odd here.
_SAYS = {"OPEN": "Not paid yet", "CHECKING": "Check whether it came", "REVIEW": "Decide", "PAID": "Credited"}


@admin.register(TopUp)
class TopUpAdmin(ReadOnlyAdmin, ActsAdmin):
    list_display = ("number", "created", "customer", "method", "label", "amount_usd", "total_usd", "brought_usd")
    list_filter = ("state", "variant", "created_at")
    list_select_related = ("customer", "method")
    search_fields = ("customer__email", "=transaction_id", "=payment_id", "=token", "=reference")
    search_help_text = "Number, e-mail address, the provider's number, or the customer's reference"
    acts = (Approve, Refuse, AskNow)
    fields = (
        ("customer", "method", "label"),
        ("amount_usd", "fee_usd", "total_usd", "bonus_usd"),
        ("received_usd", "credited_usd", "bonus_given_usd", "deposit_page"),
        ("transaction_id", "payment_id"),
        ("reference", "proof_links"),
        ("note", "reason", "decided_by"),
        ("created", "changed", "expires", "next_check"),
        "debt_links",
    )
    readonly_fields = (
        *("label", "amount_usd", "fee_usd", "total_usd", "bonus_usd", "received_usd", "credited_usd"),
        *("bonus_given_usd", "deposit_page", "proof_links", "created", "changed", "expires", "next_check"),
        "debt_links",
    )

    number = number_column()
    created = moment_column("created_at", "Begun")
    changed = moment_column("changed_at", "Changed")
    expires = moment_column("expires_at", "Open until")
    next_check = moment_column("next_check_at", "Provider asked next")
    amount_usd = usd_column("amount", "Amount")
    fee_usd = usd_column("fee", "Fee")
    total_usd = usd_column("total", "To be paid")
    bonus_usd = usd_column("bonus", "Bonus promised")
    received_usd = usd_column("received", "Received")
    credited_usd = usd_column("credited", "Credited")
    bonus_given_usd = usd_column("bonus_given", "Bonus given")

    @display(description="State", ordering="state")
    def label(self, top_up: TopUp) -> SafeString:
        return pill(_SAYS.get(top_up.state) or top_up.get_state_display(), _COLOURS[top_up.state])

    @display(description="Added")
    def brought_usd(self, top_up: TopUp) -> str:
        return usd(top_up.brought) if top_up.state == TopUp.State.PAID else NOTHING

    @display(description="Deposit")
    def deposit_page(self, top_up: TopUp) -> SafeString | str:
        if top_up.deposit_id is None:
            return NOTHING
        return page_link("wallet_transfer_change", top_up.deposit_id, top_up.deposit_id)

    @display(description="Proofs")
    def proof_links(self, top_up: TopUp) -> SafeString | str:
        rows = top_up.proofs.defer("content")
        links = format_html_join(
            " · ",
            '<a class="text-link" href="{}" target="_blank" rel="noopener">{}</a>',
            ((reverse("funds:proof", args=[row.pk]), row.name) for row in rows),
        )
        return links or NOTHING

    @display(description="Taken back")
    def debt_links(self, top_up: TopUp) -> SafeString | str:
        if not top_up.debts.exists():
            return NOTHING
        return list_link("funds_debt_changelist", "What was taken back", top_up__id__exact=top_up.pk)


@admin.register(Method)
class MethodAdmin(ShopAdmin):
    form = MethodForm
    list_display = ("name", "provider", "offered", "bounds", "fee_text", "position", "active")
    list_filter = ("active",)
    fields = (
        ("provider", "active", "position"),
        ("name", "name_zh"),
        ("minimum", "maximum"),
        ("fee_percent", "fee_fixed"),
        "instructions",
        "instructions_zh",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Method | None = None) -> tuple[str, ...]:
        # Top-ups are of this provider, whatever else changes.
        return ("provider",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Method | None = None) -> bool:
        return False  # its top-ups name it: switch it off instead

    @display(description="Set up", boolean=True)
    def offered(self, method: Method) -> bool:
        return is_set_up(method.provider)

    @display(description="From – to")
    def bounds(self, method: Method) -> str:
        return f"{usd(method.minimum)} – {usd(method.maximum)}"

    @display(description="Fee")
    def fee_text(self, method: Method) -> str:
        return f"{method.fee_percent}% + {usd(method.fee_fixed)}"


@admin.register(Bonus)
class BonusAdmin(ShopAdmin):
    list_display = ("from_usd", "percent_text", "active")
    fields = (("from_amount", "percent", "active"),)

    from_usd = usd_column("from_amount", "From")

    @display(description="Bonus", ordering="percent")
    def percent_text(self, bonus: Bonus) -> str:
        return f"{bonus.percent}%"


@admin.register(Debt)
class DebtAdmin(ReadOnlyAdmin, ActsAdmin):
    list_display = ("number", "created", "customer", "kind", "label", "amount_usd", "paid_usd", "left_usd")
    list_filter = ("state", "kind", "created_at")
    list_select_related = ("customer",)
    search_fields = ("customer__email", "=key")
    acts = (Collect, Forgive)
    fields = (
        ("customer", "kind", "label"),
        ("taken_usd", "amount_usd", "paid_usd", "left_usd"),
        ("key", "top_up_page"),
        ("reason", "decided_by"),
        ("created", "closed"),
    )
    readonly_fields = (
        *("label", "taken_usd", "amount_usd", "paid_usd", "left_usd", "top_up_page", "created", "closed"),
    )

    number = number_column()
    created = moment_column("created_at", "When")
    closed = moment_column("closed_at", "Closed")
    taken_usd = usd_column("taken", "Taken back by the provider")
    amount_usd = usd_column("amount", "Owed for it")
    paid_usd = usd_column("paid", "Collected")

    @display(description="Left")
    def left_usd(self, debt: Debt) -> str:
        return usd(debt.left)

    @display(description="State", ordering="state")
    def label(self, debt: Debt) -> SafeString:
        colour = "danger" if debt.state == Debt.State.OPEN else _COLOURS[debt.state]
        return pill(debt.get_state_display(), colour)

    @display(description="Top-up")
    def top_up_page(self, debt: Debt) -> SafeString:
        return page_link("funds_topup_change", debt.top_up_id, debt.top_up)


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin, ActsAdmin):
    list_display = ("number", "name", "kind", "made", "count", "amount_usd", "redeemed", "expires")
    list_filter = ("kind",)
    search_fields = ("name",)
    acts = (VoidRest,)
    fields = (
        ("name", "kind"),
        ("count", "amount_usd", "expires"),
        ("made", "made_by", "voucher_list"),
    )
    readonly_fields = ("amount_usd", "expires", "made", "voucher_list")

    number = number_column()
    made = moment_column("made_at", "Made")
    expires = moment_column("expires_at", "Expires")
    amount_usd = usd_column("amount", "Each")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        used = Count("vouchers", filter=Q(vouchers__state=Voucher.State.REDEEMED))
        return super().get_queryset(request).annotate(used=used)

    redeemed = count_column("used", "Redeemed")

    @display(description="Vouchers")
    def voucher_list(self, batch: Batch) -> SafeString:
        return list_link("funds_voucher_changelist", "Its vouchers", batch__id__exact=batch.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("funds.add_batch")

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Ask what to make; sending it makes them and answers with the file of their codes."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = MakeForm(request.POST) if request.method == "POST" else MakeForm(initial={"key": uuid.uuid4()})
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            try:
                with transaction.atomic():
                    batch, codes = vouchers.make(
                        name=given["name"],
                        kind=given["kind"],
                        amount=given["amount"],
                        count=given["count"],
                        expires_at=given["expires_at"],
                        form_key=str(given["key"]),
                        operator=request.user,  # type: ignore[arg-type]  # somebody who may add
                        now=timezone.now(),
                    )
                    self.log_addition(request, batch, f"{batch.count} vouchers made; their codes were downloaded.")
            except vouchers.CantMake as error:
                form.add_error(None, str(error))
            else:
                rows = ([code, plain(batch.amount)] for code in codes)
                return csv_response(f"vouchers-{batch.pk}.csv", ["code", "amount (USD)"], rows)
        return self._form_page(request, form)

    def _form_page(self, request: HttpRequest, form: forms.Form) -> HttpResponse:
        return show_page(
            self,
            request,
            title="Make vouchers",
            original=None,
            facts=[],
            says=[
                "The codes come as a CSV file, this one time: only their fingerprints are kept. If the download goes "
                "wrong, void the batch and make another.",
                "A gift is a bonus from the shop; a sold one counts as a deposit, and pays a customer's debts first.",
            ],
            form=form,
            figures=None,
            button="Make them and download",
            danger=False,
            back=reverse("admin:funds_batch_changelist"),
        )


@admin.register(Voucher)
class VoucherAdmin(ReadOnlyAdmin):
    list_display = ("number", "code", "batch", "label", "customer", "redeemed")
    list_filter = ("state",)
    list_select_related = ("batch", "customer")
    search_fields = ("=tail", "customer__email")
    search_help_text = "Number, the last four letters of the code, or the customer's e-mail address"
    fields = (("code", "label"), ("batch_page", "customer"), ("redeemed", "transfer_page"))
    readonly_fields = ("code", "label", "batch_page", "redeemed", "transfer_page")

    number = number_column()
    redeemed = moment_column("redeemed_at", "Redeemed")

    @display(description="Code")
    def code(self, voucher: Voucher) -> SafeString:
        return format_html("…{}", voucher.tail)

    @display(description="State", ordering="state")
    def label(self, voucher: Voucher) -> SafeString:
        return pill(voucher.get_state_display(), _COLOURS[voucher.state])

    @display(description="Batch")
    def batch_page(self, voucher: Voucher) -> SafeString:
        return page_link("funds_batch_change", voucher.batch_id, voucher.batch)

    @display(description="Transfer")
    def transfer_page(self, voucher: Voucher) -> SafeString | str:
        if voucher.transfer_id is None:
            return NOTHING
        return page_link("wallet_transfer_change", voucher.transfer_id, voucher.transfer_id)
