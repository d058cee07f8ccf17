"""Money comes in, in a real browser: voucher, card, cryptocurrency, transfer; told twice, forged, and taken back."""

import re
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from funds import vouchers
from funds.models import Bonus, Debt, Method, TopUp
from reseller.books import audit
from tests.funds import btcpay_stand_in, stripe_stand_in
from tests.funds.btcpay_stand_in import BTCPayStandIn
from tests.funds.stripe_stand_in import StripeStandIn
from tests.house import House
from tests.journeys.test_orders import accessible
from wallet import ledger

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def stripe():
    with StripeStandIn() as provider:
        yield provider


@pytest.fixture
def btcpay():
    with BTCPayStandIn() as provider:
        yield provider


@pytest.fixture
def shop(transactional_db, _nothing_cached, sandbox, tmp_path, request, stripe, btcpay):
    """A shop that takes money by both providers."""
    house = House(
        home=tmp_path,
        upstream_url=sandbox.url,
        upstream_key="test-key",
        environment={
            "STRIPE_SECRET_KEY": stripe_stand_in.KEY,
            "STRIPE_WEBHOOK_SECRET": stripe_stand_in.SECRET,
            "STRIPE_API_BASE": stripe.url,
            "STRIPE_CHECKOUT": stripe.url,
            "BTCPAY_URL": btcpay.url,
            "BTCPAY_STORE": btcpay_stand_in.STORE,
            "BTCPAY_API_KEY": btcpay_stand_in.KEY,
            "BTCPAY_WEBHOOK_SECRET": btcpay_stand_in.SECRET,
        },
    )
    house.environment["PAYMENT_HOST"] = f"127.0.0.1:{house.port}"
    stripe.webhook = f"{house.url}/payments/process/stripe/"
    btcpay.webhook = f"{house.url}/payments/process/btcpay/"
    try:
        house.start()
        yield house
    finally:
        house.stop()
        for name, text in house.logs().items():
            if text.strip():
                request.node.add_report_section("teardown", f"log of {name}", text[-20_000:])


def begin(shop, page, amount, way):
    page.goto(f"{shop.url}/wallet/")
    page.get_by_role("link", name="Add funds").click()
    page.get_by_label("Amount").fill(amount)
    page.get_by_text(way, exact=True).click()


def balance(customer):
    return ledger.account_of(customer).balance


def test_a_customer_adds_funds_in_every_way(shop, stripe, btcpay, page, customer, operator, signed_in):
    signed_in(customer)
    now = timezone.now()
    Bonus.objects.create(from_amount=100, percent=3)
    Method.objects.create(provider="stripe", name="Card", fee_percent=Decimal("2.9"), fee_fixed=Decimal("0.30"))
    Method.objects.create(provider="transfer", name="Bank transfer", instructions="IBAN DE00", position=9)
    _batch, (code,) = vouchers.make(
        name="n", kind="GIFT", amount=Decimal(7), count=1, expires_at=None, form_key="k", operator=operator, now=now
    )

    # A voucher: wrong, then right.
    page.goto(f"{shop.url}/wallet/add/")
    accessible(page)
    page.get_by_label("Voucher code").fill("0000-0000-0000-0000")
    page.get_by_role("button", name="Redeem").click()
    expect(page.get_by_text("This code is not valid.")).to_be_visible()
    page.get_by_label("Voucher code").fill(code.lower())
    page.get_by_role("button", name="Redeem").click()
    expect(page.locator("#balance")).to_contain_text("$57.00")

    # A card: what it costs stands there as one types.
    begin(shop, page, "100", "Card")
    expect(page.locator("[data-sum=total]")).to_have_text("$103.20")
    expect(page.locator("[data-sum=credited]")).to_have_text("$103.00")
    accessible(page)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Pay now").click()
    expect(page.get_by_text("$103.00 were added")).to_be_visible()
    expect(page.locator("#balance")).to_contain_text("$160.00")
    accessible(page)
    session = next(iter(stripe.sessions.values()))
    completed = stripe.notice("checkout.session.completed", session)
    assert [stripe.deliver(*completed), stripe.deliver(*completed)] == [200, 200]
    assert stripe.deliver(completed[0], {"Stripe-Signature": "t=1,v1=00"}) == 400
    assert stripe.deliver(*stripe.notice("checkout.session.completed", session, secret="whsec_other")) == 400

    # Its receipt.
    page.get_by_role("link", name="Receipt").click()
    expect(page.get_by_text("$103.20 USD")).to_be_visible()
    accessible(page)

    # Cryptocurrency, whose notice is missed: the page that waits moves by itself when it comes again.
    btcpay.webhook, webhook = "", btcpay.webhook
    begin(shop, page, "40", "Cryptocurrency")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Pay now").click()
    expect(page.get_by_text("We wait for the payment.")).to_be_visible()
    accessible(page)
    btcpay.webhook = webhook
    invoice = next(iter(btcpay.invoices))
    body, headers = btcpay.notice("InvoiceSettled", invoice)
    assert btcpay.deliver(body, {}) == 400
    assert btcpay.deliver(body + b" ", headers) == 400
    assert balance(customer) == 160
    assert [btcpay.deliver(body, headers), btcpay.deliver(body, headers)] == [200, 200]
    expect(page.get_by_text("$40.00 were added")).to_be_visible()
    assert balance(customer) == 200

    # A notice that never comes: the sweep asks.
    stripe.webhook, webhook = "", stripe.webhook
    begin(shop, page, "20", "Card")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Pay now").click()
    expect(page.get_by_text("We wait for the payment.")).to_be_visible()
    TopUp.objects.filter(state="OPEN").update(next_check_at=now)
    expect(page.get_by_text("$20.00 were added")).to_be_visible(timeout=60_000)
    stripe.webhook = webhook

    # A transfer, checked by an operator.
    begin(shop, page, "30", "Bank transfer")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("IBAN DE00")).to_be_visible()
    page.get_by_label("Reference").fill("my bank")
    page.get_by_label("Proof").set_input_files({"name": "x.png", "mimeType": "image/png", "buffer": PNG})
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("We look for your transfer and add").first).to_be_visible()
    accessible(page)
    waiting = TopUp.objects.get(state="CHECKING")
    page.goto("about:blank")  # a page that asks again by itself would ask as somebody else
    signed_in(operator)
    page.goto(f"{shop.url}/admin/funds/topup/{waiting.pk}/change/")
    page.get_by_role("link", name=re.compile("Credit it")).first.click()
    page.locator("[name=reason]").fill("on the account")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Credit the customer").click()
    expect(page.get_by_text("were credited to").first).to_be_visible()
    assert balance(customer) == 250

    # A dispute, when most of it is spent.
    hold = ledger.hold(account=ledger.account_of(customer), amount=Decimal(240), key="spent", now=timezone.now())
    ledger.capture(hold=hold, amount=Decimal(240), key="spent:capture", now=timezone.now())
    told = stripe.notice("charge.dispute.created", stripe_stand_in.dispute(session))
    assert [stripe.deliver(*told), stripe.deliver(*told)] == [200, 200]
    debt = Debt.objects.get()
    assert (debt.amount, debt.left, balance(customer)) == (103, 93, 0)
    signed_in(customer)
    page.goto(f"{shop.url}/wallet/")
    expect(page.get_by_text("A payment of yours was taken back")).to_be_visible()
    accessible(page)
    assert audit().problems == []
