"""Stripe Checkout: django-payments' provider, with what it leaves to us.

Its own class opens sessions and checks signatures. Sessions are opened and read here, since it takes Stripe's objects
for dictionaries, which since stripe 13 they are not; and what a notice means is left to `funds.hear`, since it trusts
amounts, and acts on each delivery anew.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any, NoReturn

import stripe
from django.conf import settings
from django.http import HttpRequest
from payments import PaymentError, RedirectNeeded
from payments.stripe import StripeProviderV3
from payments.stripe.providers import zero_decimal_currency

from funds.models import Debt, TopUp
from funds.words import Away, Forged, Reversal, Standing, Word

VARIANT = "stripe"
# How long a customer has on Stripe's page: between half an hour and a day, by Stripe's rule.
LASTS = timedelta(hours=1)
_PATIENCE = (5.0, 15.0)
_WORDS: dict[str, Standing] = {
    "checkout.session.completed": Standing.OPEN,
    "checkout.session.async_payment_succeeded": Standing.OPEN,
    "checkout.session.async_payment_failed": Standing.FAILED,
    "checkout.session.expired": Standing.EXPIRED,
}
_DISPUTES = {
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
}


class Stripe(StripeProviderV3):
    """Cards, and what else is switched on in Stripe's dashboard."""

    def __init__(self, api_base: str, **given: Any) -> None:
        super().__init__(**given)
        self.client = stripe.StripeClient(
            self.api_key,
            base_addresses={"api": api_base},
            http_client=stripe.RequestsClient(timeout=_PATIENCE),
            max_network_retries=1,
        )

    # ── To Stripe ──────────────────────────────────────────────────────────────────────────────────
    def get_form(self, payment: TopUp, data: Any = None) -> NoReturn:
        """Send the customer to Stripe's page, opened once. Raises `RedirectNeeded`, `Away`."""
        if not payment.pay_url:
            session = self.create_session(payment)
            payment.transaction_id, payment.pay_url = session["id"], session["url"]
            payment.save(update_fields=["transaction_id", "pay_url"])
        raise RedirectNeeded(payment.pay_url)

    def create_session(self, payment: TopUp) -> Any:
        """Open a session; asked again in a day, Stripe answers with the same one."""
        items = self.get_line_items(payment)
        items[0]["price_data"]["product_data"] = {"name": f"{settings.SHOP_NAME}: {payment}"}
        wanted = {
            "line_items": items,
            "mode": "payment",
            "success_url": payment.get_success_url(),
            "cancel_url": payment.get_failure_url(),
            "client_reference_id": payment.token,
            "customer_email": payment.customer.email,
            "expires_at": int((payment.created_at + LASTS).timestamp()),
            "payment_intent_data": {"metadata": {"top_up": payment.token}},
        }
        try:
            return self.client.v1.checkout.sessions.create(
                params=_without_nothing(wanted), options={"idempotency_key": f"top-up-{payment.token}"}
            )
        except stripe.StripeError as error:
            raise Away(_said(error)) from error

    def ask(self, top_up: TopUp) -> Word:
        try:
            session = self.client.v1.checkout.sessions.retrieve(
                top_up.transaction_id, params={"expand": ["payment_intent"]}
            )
        except stripe.StripeError as error:
            raise Away(_said(error)) from error
        return _word(session.to_dict())

    def find(self, payment_id: str) -> Word | None:
        try:
            sessions = self.client.v1.checkout.sessions.list(params={"payment_intent": payment_id, "limit": 1})
        except stripe.StripeError as error:
            raise Away(_said(error)) from error
        found = [session.to_dict() for session in sessions.data]
        return _word(found[0]) if found and found[0].get("client_reference_id") else None

    # ── From Stripe ────────────────────────────────────────────────────────────────────────────────
    def read(self, request: HttpRequest) -> list[Word | Reversal]:
        try:
            event = self.return_event_payload(request).to_dict()
            kind, about = event["type"], event["data"]["object"]
            if kind in _WORDS:
                return [_word(about, _WORDS[kind])] if about.get("client_reference_id") else []
            if kind == "charge.refunded":
                return _refund(about)
            if kind in _DISPUTES:
                return _dispute(about, kind)
        except (
            PaymentError,
            stripe.SignatureVerificationError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
        ) as error:
            raise Forged(str(error)) from error
        return []


def _word(session: dict[str, Any], otherwise: Standing = Standing.OPEN) -> Word:
    """What a session says; `otherwise` where it says neither paid nor expired."""
    intent = session.get("payment_intent") or ""
    paid = session.get("payment_status") == "paid"
    standing = otherwise
    if paid:
        standing = Standing.PAID
    elif session.get("status") == "expired":
        standing = Standing.EXPIRED
    elif standing == Standing.OPEN and session.get("status") == "complete":
        standing = Standing.PROCESSING
        if isinstance(intent, dict) and intent.get("status") in ("requires_payment_method", "canceled"):
            standing = Standing.FAILED
    currency = str(session.get("currency") or "").lower()
    return Word(
        variant=VARIANT,
        token=str(session["client_reference_id"]),
        transaction_id=str(session["id"]),
        standing=standing,
        received=_amount(session.get("amount_total"), currency) if paid else None,
        currency=currency.upper(),
        payment_id=str(intent["id"] if isinstance(intent, dict) else intent),
    )


def _refund(charge: dict[str, Any]) -> list[Word | Reversal]:
    if not charge.get("payment_intent"):
        return []
    currency = str(charge["currency"]).lower()
    return [
        Reversal(
            variant=VARIANT,
            payment_id=str(charge["payment_intent"]),
            kind=Debt.Kind.REFUND,
            matter=str(charge["id"]),
            amount=_amount(charge["amount_refunded"], currency),
            currency=currency.upper(),
        )
    ]


def _dispute(dispute: dict[str, Any], kind: str) -> list[Word | Reversal]:
    """Nothing for an inquiry, whose name begins with `warning`: Stripe takes no money for one."""
    status = str(dispute["status"])
    if not dispute.get("payment_intent") or status.startswith("warning"):
        return []
    currency = str(dispute["currency"]).lower()
    return [
        Reversal(
            variant=VARIANT,
            payment_id=str(dispute["payment_intent"]),
            kind=Debt.Kind.DISPUTE,
            matter=str(dispute["id"]),
            amount=_amount(dispute["amount"], currency),
            currency=currency.upper(),
            won=status == "won" or kind == "charge.dispute.funds_reinstated",
        )
    ]


def _amount(units: Any, currency: str) -> Decimal:
    """The amount behind Stripe's integer of the smallest unit. Raises `ValueError`, `TypeError`."""
    return Decimal(int(units)) if currency in zero_decimal_currency else Decimal(int(units)).scaleb(-2)


def _without_nothing(wanted: Any) -> Any:
    if isinstance(wanted, dict):
        return {name: _without_nothing(value) for name, value in wanted.items() if value is not None}
    return [_without_nothing(value) for value in wanted] if isinstance(wanted, list) else wanted


def _said(error: stripe.StripeError) -> str:
    return f"Stripe: {type(error).__name__}: {error}"[:500]
