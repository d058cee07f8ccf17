"""A customer's money: what they have, and every movement of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from accounts.models import User
from accounts.signed_in import signed_in
from core.money import plain
from core.sheets import csv_response
from wallet import ledger
from wallet.models import Account, Hold, Transfer

PAGE = 50
# What a customer reads for each kind of transfer.
KINDS = {
    Transfer.Kind.DEPOSIT: _("Funds added"),
    Transfer.Kind.CAPTURE: _("Purchase"),
    Transfer.Kind.REFUND: _("Refund"),
    Transfer.Kind.ADJUSTMENT: _("Adjustment"),
    Transfer.Kind.BONUS: _("Bonus"),
    Transfer.Kind.CHARGEBACK: _("Payment taken back"),
}
# A key names its cause; of an order it is `order:17:…`.
_ORDER = re.compile(r"order:([0-9]{1,18}):")


@dataclass(frozen=True)
class Line:
    """A line of the statement."""

    transfer: Transfer
    kind: str
    order: int | None
    """The number of the order it belongs to."""
    memo: str
    """What else there is to say; the order's number is not said again."""


@signed_in
@never_cache
def statement(request: HttpRequest) -> HttpResponse:
    """Balance, open holds and transfers, newest first; `before` walks back from a transfer's id."""
    account, holds = _with_open_holds(_customer(request))
    kind = _kind(request)
    transfers = _transfers(account, kind)
    before = request.GET.get("before", "")
    paged = before.isascii() and before.isdigit() and len(before) < 19
    if paged:
        transfers = transfers.filter(pk__lt=int(before))
    rows = list(transfers[: PAGE + 1])
    return render(
        request,
        "wallet/statement.html",
        {
            "account": account,
            "holds": holds,
            "lines": [_line(transfer) for transfer in rows[:PAGE]],
            "next_before": rows[PAGE - 1].pk if len(rows) > PAGE else None,
            "paged": paged,
            "kind": kind,
            "kinds": list(KINDS.items()),
            "funds_help": settings.FUNDS_HELP,
        },
    )


def _with_open_holds(customer: User) -> tuple[Account, int]:
    """Their account and how many holds are open on it, by one query."""
    counted = Account.objects.annotate(open_holds=Count("holds", filter=Q(holds__state=Hold.State.OPEN)))
    account = counted.filter(owner=customer).first()
    if account is None:
        return ledger.account_of(customer), 0
    return account, account.open_holds


def _line(transfer: Transfer) -> Line:
    cause = _ORDER.match(transfer.key)
    memo = transfer.memo
    if cause:
        memo = memo.removeprefix(f"Order {cause[1]}").removeprefix(":").strip()
    return Line(
        transfer=transfer,
        kind=str(KINDS[Transfer.Kind(transfer.kind)]),
        order=int(cause[1]) if cause else None,
        memo=memo,
    )


@signed_in
def statement_csv(request: HttpRequest) -> HttpResponseBase:
    """Every transfer of the chosen kind, newest first, for those who keep books."""
    account = ledger.account_of(_customer(request))
    transfers = _transfers(account, _kind(request))
    header = [_("number"), _("time (UTC)"), _("kind"), _("description"), _("amount (USD)"), _("balance (USD)")]
    return csv_response("statement.csv", header, _rows(transfers))


def _rows(transfers: QuerySet[Transfer]) -> Iterator[list[object]]:
    for transfer in transfers.iterator(chunk_size=1000):
        yield [
            transfer.pk,
            transfer.created_at.strftime("%Y-%m-%d %H:%M:%S"),
            _line(transfer).kind,
            transfer.memo,
            plain(transfer.signed),
            plain(transfer.balance_after),
        ]


def _transfers(account: Account, kind: str) -> QuerySet[Transfer]:
    transfers = Transfer.objects.filter(customer=account).order_by("-pk")
    return transfers.filter(kind=kind) if kind else transfers


def _kind(request: HttpRequest) -> str:
    kind = request.GET.get("kind", "").upper()
    return kind if kind in Transfer.Kind.values else ""


def _customer(request: HttpRequest) -> User:
    user: Any = request.user  # a User: every view here asks for a log-in first
    return user


def account_shown(request: HttpRequest) -> Account:
    """The account of who is signed in, as the whole page shows it: header and page ask for it once."""
    shown: Account | None = getattr(request, "account_shown", None)
    if shown is None:
        shown = ledger.account_of(_customer(request))
        request.account_shown = shown  # type: ignore[attr-defined]  # ours
    return shown
