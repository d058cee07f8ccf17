"""Cryptocurrency: a notice names an invoice, and the server is believed, never the notice."""

import json
from decimal import Decimal

import pytest

from core.models import Alert
from funds import check
from funds.models import Method, TopUp
from tests.funds.btcpay_stand_in import INVOICES, KEY, STORE
from tests.funds.conftest import OPENED, balance, later

pytestmark = pytest.mark.django_db
SETTLED = "InvoiceSettled"


@pytest.fixture
def open_one(btcpay, add):
    """A top-up of $100 with $2 of fee."""
    Method.objects.create(provider="btcpay", name="Cryptocurrency", fee_percent=Decimal(2))
    return add("100", "btcpay")


def state():
    return TopUp.objects.get().state


def test_the_form_leads_to_an_invoice_over_the_total(btcpay, open_one):
    invoice = btcpay.invoices[open_one.transaction_id]
    assert open_one.answer["Location"] == invoice["checkoutLink"]
    assert (invoice["amount"], invoice["currency"]) == ("102.00", "USD")
    assert invoice["metadata"]["orderId"] == open_one.token


def test_a_settled_invoice_is_credited_however_often_it_is_told(btcpay, open_one, tell, customer):
    btcpay.pay(open_one.transaction_id)
    for kind in [SETTLED, "InvoicePaymentSettled", SETTLED]:
        assert tell("btcpay", *btcpay.notice(kind, open_one.transaction_id)) == 200
    assert balance(customer) == OPENED + 100
    assert state() == "PAID"
    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    "forge",
    [
        lambda body, _headers: (body, {}),
        lambda body, _headers: (body, {"BTCPay-Sig": "sha256=" + "0" * 64}),
        lambda body, headers: (body + b" ", headers),
        lambda body, headers: (body, {"BTCPay-Sig": headers["BTCPay-Sig"].removeprefix("sha256=")}),
        lambda body, _headers: (body, {"BTCPay-Sig": "sha256=é"}),
    ],
)
def test_a_forged_notice_is_not_even_asked_about(btcpay, open_one, tell, customer, forge):
    btcpay.pay(open_one.transaction_id)
    btcpay.asked.clear()
    assert tell("btcpay", *forge(*btcpay.notice(SETTLED, open_one.transaction_id))) == 400
    assert btcpay.asked == []
    assert balance(customer) == OPENED


def test_a_signed_notice_about_an_unpaid_invoice_moves_nothing(btcpay, open_one, tell, customer):
    assert tell("btcpay", *btcpay.notice(SETTLED, open_one.transaction_id, overPaid=True)) == 200
    assert balance(customer) == OPENED
    assert state() == "OPEN"


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"type": 1}', b'{"type": "x"}', b"\xff"])
def test_a_signed_notice_that_can_not_be_read_is_no_fault_of_ours(btcpay, tell, db, body):
    import hashlib
    import hmac

    from tests.funds.btcpay_stand_in import SECRET

    signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    assert tell("btcpay", body, {"BTCPay-Sig": f"sha256={signed}"}) in (200, 400)


def test_a_payment_in_the_mempool_is_processing(btcpay, open_one, tell, customer):
    btcpay.pay(open_one.transaction_id, status="Processing")
    tell("btcpay", *btcpay.notice("InvoiceProcessing", open_one.transaction_id))
    assert state() == "PROCESSING"
    assert balance(customer) == OPENED
    btcpay.pay(open_one.transaction_id)
    tell("btcpay", *btcpay.notice(SETTLED, open_one.transaction_id))
    assert balance(customer) == OPENED + 100


@pytest.mark.parametrize(
    ("additional", "bitcoin", "credited"),
    # At 50,000 USD: $204.00, $51.00, $102.00.
    [("PaidOver", "0.00408", 200), ("PaidPartial", "0.00102", 50), ("PaidLate", "0.00204", 100)],
)
def test_another_amount_is_what_its_payments_say(btcpay, open_one, tell, customer, additional, bitcoin, credited):
    btcpay.pay(open_one.transaction_id, additional=additional, bitcoin=bitcoin)
    assert tell("btcpay", *btcpay.notice(SETTLED, open_one.transaction_id)) == 200
    assert balance(customer) == OPENED + credited


@pytest.mark.parametrize(
    ("status", "additional"),
    [("Settled", "Marked"), ("Expired", "PaidPartial"), ("Expired", "PaidLate"), ("Invalid", "PaidOver")],
)
def test_what_a_program_can_not_judge_waits_for_an_operator(btcpay, open_one, tell, customer, status, additional):
    btcpay.pay(open_one.transaction_id, status=status, additional=additional, bitcoin="0.001")
    assert tell("btcpay", *btcpay.notice("InvoiceExpired", open_one.transaction_id)) == 200
    assert state() == "REVIEW"
    assert balance(customer) == OPENED
    assert Alert.objects.get().severity == "CRITICAL"


def test_another_currency_waits_for_an_operator(btcpay, open_one, tell, customer):
    btcpay.pay(open_one.transaction_id, currency="EUR")
    tell("btcpay", *btcpay.notice(SETTLED, open_one.transaction_id))
    assert state() == "REVIEW"
    assert balance(customer) == OPENED


@pytest.mark.parametrize(("status", "ours"), [("Expired", "EXPIRED"), ("Invalid", "FAILED")])
def test_what_was_not_paid_ends_and_may_still_be_paid_late(btcpay, open_one, tell, customer, status, ours):
    btcpay.pay(open_one.transaction_id, status=status)
    tell("btcpay", *btcpay.notice(f"Invoice{status}", open_one.transaction_id))
    assert state() == ours
    btcpay.pay(open_one.transaction_id, additional="PaidLate", bitcoin="0.00204")
    tell("btcpay", *btcpay.notice(SETTLED, open_one.transaction_id))
    assert balance(customer) == OPENED + 100


def test_a_second_invoice_for_the_same_top_up_is_told(btcpay, open_one, tell, customer):
    first = btcpay.pay(open_one.transaction_id)
    tell("btcpay", *btcpay.notice(SETTLED, first["id"]))
    btcpay.invoices["inv9"] = {**first, "id": "inv9"}
    for _twice in range(2):
        assert tell("btcpay", *btcpay.notice(SETTLED, "inv9")) == 200
    assert balance(customer) == OPENED + 100
    assert "second time" in Alert.objects.get().subject


def test_another_shops_invoice_is_of_no_interest(btcpay, open_one, tell, customer):
    btcpay.pay(open_one.transaction_id, metadata={})
    assert tell("btcpay", *btcpay.notice(SETTLED, open_one.transaction_id)) == 200
    assert tell("btcpay", *btcpay.notice(SETTLED, "../../../users/me")) == 503
    assert balance(customer) == OPENED
    assert btcpay.asked[-1] == f"GET {INVOICES}/..%2F..%2F..%2Fusers%2Fme"


def test_while_the_server_is_away_a_notice_is_to_come_again(btcpay, open_one, tell, customer, now):
    btcpay.pay(open_one.transaction_id)
    btcpay.down = True
    assert tell("btcpay", *btcpay.notice(SETTLED, open_one.transaction_id)) == 503
    check.check_due(now=later(now, minutes=2))
    assert balance(customer) == OPENED
    btcpay.down = False
    check.check_due(now=later(now, minutes=9))
    assert balance(customer) == OPENED + 100


def test_answers_that_can_not_be_read_are_no_answers(btcpay, open_one, tell, customer, monkeypatch):
    btcpay.pay(open_one.transaction_id)
    for nonsense in [b"", b"<html>", b"[]", json.dumps({"id": 1}).encode(), b'{"id":"a","status":"Settled"}']:
        monkeypatch.setattr(btcpay, "answer", lambda *_asked, said=nonsense: (200, {}, said))
        assert tell("btcpay", *btcpay.notice(SETTLED, open_one.transaction_id)) == 503
    nan = {**btcpay.invoices[open_one.transaction_id], "amount": "NaN"}
    monkeypatch.setattr(btcpay, "answer", lambda *_asked: (200, {}, json.dumps(nan).encode()))
    assert tell("btcpay", *btcpay.notice(SETTLED, open_one.transaction_id)) in (200, 503)
    assert balance(customer) == OPENED


def test_the_key_and_the_store_are_the_ones_of_the_settings(btcpay, open_one):
    assert f"POST /api/v1/stores/{STORE}/invoices" in btcpay.asked
    assert KEY not in open_one.pay_url
