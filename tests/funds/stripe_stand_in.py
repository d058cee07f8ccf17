"""Stripe's API as the shop uses it, with a payment page; notices are signed as Stripe signs them."""

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.funds.stand_in import StandIn, as_json, there

SECRET = "whsec_for_the_tests"
KEY = "sk_test_for_the_tests"


class StripeStandIn(StandIn):
    def __init__(self) -> None:
        super().__init__()
        self.sessions: dict[str, dict[str, Any]] = {}
        self.wanted: dict[str, dict[str, str]] = {}
        self._by_key: dict[str, str] = {}

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(path)
        if parts.path.startswith("/pay/"):
            session = self.sessions[parts.path.removeprefix("/pay/")]
            if method == "GET":
                return self.page("Stripe", f"{session['amount_total'] / 100:.2f} USD", parts.path)
            self.pay(session["id"])
            if self.webhook:
                self.deliver(*self.notice("checkout.session.completed", session))
            return there(self.wanted[session["id"]]["success_url"])
        if headers.get("Authorization") != f"Bearer {KEY}":
            return as_json({"error": {"message": "Invalid API Key", "type": "invalid_request_error"}}, 401)
        if method == "POST" and parts.path == "/v1/checkout/sessions":
            return as_json(self._open(dict(parse_qsl(body.decode())), headers.get("Idempotency-Key", "")))
        if parts.path == "/v1/checkout/sessions":
            intent = parse_qs(parts.query)["payment_intent"][0]
            found = [one for one in self.sessions.values() if one["payment_intent"] == intent]
            return as_json({"object": "list", "data": found, "has_more": False, "url": "/v1/checkout/sessions"})
        session_id = parts.path.removeprefix("/v1/checkout/sessions/")
        if session_id in self.sessions:
            return as_json(self.sessions[session_id])
        return as_json({"error": {"message": "No such session", "type": "invalid_request_error"}}, 404)

    def _open(self, wanted: dict[str, str], key: str) -> dict[str, Any]:
        if key in self._by_key:
            return self.sessions[self._by_key[key]]
        session_id = f"cs_test_{len(self.sessions) + 1:04}_{time.monotonic_ns()}"
        self._by_key[key] = session_id
        self.wanted[session_id] = wanted
        self.sessions[session_id] = {
            "id": session_id,
            "object": "checkout.session",
            "status": "open",
            "payment_status": "unpaid",
            "amount_total": int(wanted["line_items[0][price_data][unit_amount]"]),
            "currency": wanted["line_items[0][price_data][currency]"],
            "client_reference_id": wanted["client_reference_id"],
            "payment_intent": None,
            "url": f"{self.url}/pay/{session_id}",
        }
        return self.sessions[session_id]

    def pay(self, session_id: str, **differently: Any) -> dict[str, Any]:
        """The customer pays; nobody is told."""
        session = self.sessions[session_id]
        session |= {
            "status": "complete",
            "payment_status": "paid",
            "payment_intent": f"pi_{session_id[8:]}",
            **differently,
        }
        return session

    def notice(
        self, kind: str, about: dict[str, Any], *, secret: str = SECRET, at: float | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a signed notice."""
        event = {"id": "evt_1", "object": "event", "type": kind, "data": {"object": about}}
        body = json.dumps(event).encode()
        moment = str(int(at or time.time()))
        signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        return body, {"Stripe-Signature": f"t={moment},v1={signed}"}


def dispute(session: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A dispute about the session's whole payment."""
    return {
        "id": "dp_1",
        "object": "dispute",
        "status": "needs_response",
        "amount": session["amount_total"],
        "currency": session["currency"],
        "payment_intent": session["payment_intent"],
        "charge": "ch_1",
        **more,
    }


def charge(session: dict[str, Any], refunded: int) -> dict[str, Any]:
    """The charge of the session's payment, of which so many cents were refunded altogether."""
    return {
        "id": "ch_1",
        "object": "charge",
        "amount": session["amount_total"],
        "amount_refunded": refunded,
        "currency": session["currency"],
        "payment_intent": session["payment_intent"],
    }
