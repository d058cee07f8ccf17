"""BTCPay Server by its Greenfield API: a provider of ours in django-payments' frame.

A notice only says which invoice to look at: the invoice is then fetched, and the server believed instead.
"""

import hashlib
import hmac
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote

import msgspec
import requests
from django.http import HttpRequest
from payments import RedirectNeeded
from payments.core import BasicProvider

from core.money import CURRENCY, ZERO, plain
from funds.models import TopUp
from funds.offer import whole_cents
from funds.words import Away, Forged, Reversal, Standing, Word

VARIANT = "btcpay"
LASTS_MINUTES = 60
_PATIENCE = (5.0, 15.0)
# Far more than an invoice with many payments takes.
_LONGEST = 1_000_000

Answer = TypeVar("Answer")


class Metadata(msgspec.Struct):
    orderId: str | None = None


class Invoice(msgspec.Struct):
    id: str
    status: str
    currency: str
    amount: Decimal
    additionalStatus: str = "None"
    checkoutLink: str = ""
    metadata: Metadata = msgspec.field(default_factory=Metadata)


class Payment(msgspec.Struct):
    value: Decimal
    status: str


class PaidBy(msgspec.Struct):
    rate: Decimal
    payments: list[Payment] = []


class Notice(msgspec.Struct):
    type: str
    invoiceId: str = ""


class BTCPay(BasicProvider):
    """Invoices of one store of a BTCPay Server."""

    def __init__(self, url: str, store: str, api_key: str, secret: str) -> None:
        super().__init__()
        self.invoices = f"{url}/api/v1/stores/{quote(store, safe='')}/invoices"
        self.api_key = api_key
        self.secret = secret.encode()

    # ── To BTCPay ──────────────────────────────────────────────────────────────────────────────────
    def get_form(self, payment: TopUp, data: Any = None) -> NoReturn:
        """Send the customer to the invoice's page. Raises `RedirectNeeded`, `Away`."""
        if not payment.pay_url:
            wanted = {
                "amount": plain(payment.total),
                "currency": CURRENCY,
                "metadata": {"orderId": payment.token, "itemDesc": str(payment)},
                "checkout": {
                    "expirationMinutes": LASTS_MINUTES,
                    "redirectURL": payment.get_success_url(),
                    "redirectAutomatically": True,
                },
            }
            invoice = self._call("POST", self.invoices, _decode(Invoice), json=wanted)
            if not invoice.checkoutLink.startswith(("http://", "https://")):
                raise Away("BTCPay: an invoice without a page")
            payment.transaction_id, payment.pay_url = invoice.id, invoice.checkoutLink
            payment.save(update_fields=["transaction_id", "pay_url"])
        raise RedirectNeeded(payment.pay_url)

    def ask(self, top_up: TopUp) -> Word:
        return self._word(self._invoice(top_up.transaction_id), top_up.token)

    def find(self, payment_id: str) -> Word | None:
        """Nobody can take a payment in cryptocurrency back."""
        return None

    # ── From BTCPay ────────────────────────────────────────────────────────────────────────────────
    def read(self, request: HttpRequest) -> list[Word | Reversal]:
        signed = "sha256=" + hmac.new(self.secret, request.body, hashlib.sha256).hexdigest()
        given = request.headers.get("BTCPay-Sig", "")
        if not hmac.compare_digest(signed.encode(), given.encode(errors="replace")):
            raise Forged("the signature is not BTCPay's")
        try:
            notice = msgspec.json.decode(request.body, type=Notice)
        except msgspec.DecodeError as error:
            raise Forged(str(error)) from error
        if not notice.invoiceId:
            return []
        invoice = self._invoice(notice.invoiceId)
        token = invoice.metadata.orderId
        return [self._word(invoice, token)] if token else []

    def _word(self, invoice: Invoice, token: str) -> Word:
        """What an invoice says. `amount` is what was asked: what came is told by its payments."""
        standing, received, detail = Standing.OPEN, None, ""
        match invoice.status, invoice.additionalStatus:
            case "Processing", _:
                standing = Standing.PROCESSING
            case "Settled", "None":
                standing, received = Standing.PAID, whole_cents(invoice.amount)
            case "Settled", "PaidOver" | "PaidPartial" | "PaidLate":
                standing, received = Standing.PAID, self._received(invoice)
            case "Settled", _:
                standing = Standing.UNCLEAR
                detail = f"Settled at BTCPay, but not by payments ({invoice.additionalStatus})."
            case "Expired", "PaidPartial" | "PaidLate":
                standing = Standing.UNCLEAR
                detail = f"Expired, and something was paid: {plain(self._received(invoice))} USD settled so far."
            case "Invalid", "PaidPartial" | "PaidLate" | "PaidOver":
                standing, detail = Standing.UNCLEAR, "Called invalid at BTCPay, though something was paid."
            case "Expired", _:
                standing = Standing.EXPIRED
            case "Invalid", _:
                standing = Standing.FAILED
        return Word(
            variant=VARIANT,
            token=token,
            transaction_id=invoice.id,
            standing=standing,
            received=received,
            currency=invoice.currency.upper(),
            detail=detail,
        )

    def _received(self, invoice: Invoice) -> Decimal:
        """What the settled payments were worth, in the invoice's currency, in whole cents."""
        address = f"{self.invoices}/{quote(invoice.id, safe='')}/payment-methods"
        came = ZERO
        for method in self._call("GET", address, _decode(list[PaidBy])):
            came += sum((one.value * method.rate for one in method.payments if one.status == "Settled"), ZERO)
        return whole_cents(came)

    def _invoice(self, invoice_id: str) -> Invoice:
        return self._call("GET", f"{self.invoices}/{quote(invoice_id, safe='')}", _decode(Invoice))

    def _call(self, method: str, address: str, decode: Callable[[bytes], Answer], json: Any = None) -> Answer:
        """Raises `Away` when no answer comes, or none that can be read."""
        try:
            answer = requests.request(
                method,
                address,
                json=json,
                headers={"Authorization": f"token {self.api_key}"},
                timeout=_PATIENCE,
                allow_redirects=False,
            )
            if answer.status_code != requests.codes.ok:
                raise Away(f"BTCPay: HTTP {answer.status_code}")
            if len(answer.content) > _LONGEST:
                raise Away("BTCPay: an answer that is too long")
            return decode(answer.content)
        except (requests.RequestException, msgspec.DecodeError, InvalidOperation) as error:
            raise Away(f"BTCPay: {type(error).__name__}: {error}"[:500]) from error


def _decode(kind: Any) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(kind, strict=False).decode
