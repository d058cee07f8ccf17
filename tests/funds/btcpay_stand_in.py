"""A BTCPay Server as the shop uses it, with an invoice's page; notices are signed as it signs them."""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlsplit

from tests.funds.stand_in import StandIn, as_json, there

SECRET = "btcpay-secret"
KEY = "btcpay-key"
STORE = "store-1"
INVOICES = f"/api/v1/stores/{STORE}/invoices"


class BTCPayStandIn(StandIn):
    def __init__(self) -> None:
        super().__init__()
        self.invoices: dict[str, dict[str, Any]] = {}
        self.payments: dict[str, list[dict[str, Any]]] = {}

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        where = urlsplit(path).path
        if where.startswith("/i/"):
            invoice = self.invoices[where.removeprefix("/i/")]
            if method == "GET":
                return self.page("BTCPay", f"{invoice['amount']} USD", where)
            self.pay(invoice["id"])
            if self.webhook:
                self.deliver(*self.notice("InvoiceSettled", invoice["id"]))
            return there(invoice["checkout"]["redirectURL"])
        if headers.get("Authorization") != f"token {KEY}" or not where.startswith(INVOICES):
            return as_json({"code": "unauthenticated", "message": "no"}, 401)
        if method == "POST":
            wanted = json.loads(body)
            number = f"inv{len(self.invoices) + 1:04}"
            self.invoices[number] = {
                **wanted,
                "id": number,
                "storeId": STORE,
                "status": "New",
                "additionalStatus": "None",
                "checkoutLink": f"{self.url}/i/{number}",
                "createdTime": 1_700_000_000,
            }
            self.payments[number] = []
            return as_json(self.invoices[number])
        number, _slash, rest = where.removeprefix(f"{INVOICES}/").partition("/")
        if number not in self.invoices:
            return as_json({"code": "invoice-not-found", "message": "no"}, 404)
        if rest == "payment-methods":
            paid = [{"id": "x", "value": each["value"], "status": each["status"]} for each in self.payments[number]]
            return as_json([{"paymentMethodId": "BTC-CHAIN", "rate": "50000.00", "payments": paid}])
        return as_json(self.invoices[number])

    def pay(
        self, number: str, *, status: str = "Settled", additional: str = "None", bitcoin: str = "", **more: Any
    ) -> dict[str, Any]:
        """What became of an invoice; nobody is told."""
        if bitcoin:
            self.payments[number].append({"value": bitcoin, "status": "Settled"})
        self.invoices[number] |= {"status": status, "additionalStatus": additional, **more}
        return self.invoices[number]

    def notice(self, kind: str, number: str, *, secret: str = SECRET, **more: Any) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a signed notice."""
        told = {"deliveryId": "d1", "webhookId": "w1", "type": kind, "storeId": STORE, "invoiceId": number, **more}
        body = json.dumps(told).encode()
        signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return body, {"BTCPay-Sig": f"sha256={signed}"}
