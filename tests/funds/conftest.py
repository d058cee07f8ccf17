"""A shop that takes money: stand-ins for the providers over a socket, and browsers of both customers."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.test import Client
from payments.core import PROVIDER_CACHE

from funds.models import Method, TopUp
from reseller.books import audit
from tests.funds import btcpay_stand_in, stripe_stand_in
from tests.funds.btcpay_stand_in import BTCPayStandIn
from tests.funds.stripe_stand_in import StripeStandIn
from wallet import ledger

OPENED = Decimal(50)  # what the fixture `customer` begins with


@pytest.fixture(autouse=True)
def _fresh():
    PROVIDER_CACHE.clear()
    yield
    PROVIDER_CACHE.clear()


@pytest.fixture(autouse=True)
def _books(request):
    """Whatever a test did to the money, the books hold."""
    touches = "db" in request.fixturenames or "transactional_db" in request.fixturenames
    yield
    if touches:
        assert audit().problems == []
        cache.clear()


@pytest.fixture
def stripe(settings):
    with StripeStandIn() as provider:
        given = {
            "api_key": stripe_stand_in.KEY,
            "endpoint_secret": stripe_stand_in.SECRET,
            "secure_endpoint": True,
            "api_base": provider.url,
        }
        settings.PAYMENT_VARIANTS = {**settings.PAYMENT_VARIANTS, "stripe": ("funds.stripe_checkout.Stripe", given)}
        yield provider


@pytest.fixture
def btcpay(settings):
    with BTCPayStandIn() as provider:
        given = {
            "url": provider.url,
            "store": btcpay_stand_in.STORE,
            "api_key": btcpay_stand_in.KEY,
            "secret": btcpay_stand_in.SECRET,
        }
        settings.PAYMENT_VARIANTS = {**settings.PAYMENT_VARIANTS, "btcpay": ("funds.btcpay.BTCPay", given)}
        yield provider


@pytest.fixture
def dummy(settings):
    settings.PAYMENT_VARIANTS = {**settings.PAYMENT_VARIANTS, "dummy": ("payments.dummy.DummyProvider", {})}


@pytest.fixture
def by_transfer(db):
    """A method that an operator checks: 2 % and $0.50 on top."""
    return Method.objects.create(
        provider="transfer",
        name="Bank <b>transfer</b>",
        instructions="IBAN DE00 <script>alert(1)</script>",
        minimum=Decimal(10),
        maximum=Decimal(500),
        fee_percent=Decimal(2),
        fee_fixed=Decimal("0.50"),
    )


def _browser(user):
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def me(customer):
    return _browser(customer)


@pytest.fixture
def them(stranger):
    return _browser(stranger)


@pytest.fixture
def desk(operator):
    return _browser(operator)


@pytest.fixture
def add(me):
    """`add("25", "stripe")` sends the form; the top-up, and the answer as `.answer`."""

    def add(amount, provider, key="form-1"):
        page = me.get("/wallet/add/")
        assert page.status_code == 200
        method = Method.objects.get(provider=provider)
        answer = me.post("/wallet/add/", {"amount": amount, "method": method.pk, "form_key": key})
        assert answer.status_code == 302, answer.content.decode()
        top_up = TopUp.objects.latest("pk")
        top_up.answer = answer
        return top_up

    return add


@pytest.fixture
def tell(client):
    """`tell("stripe", *notice)` posts a notice; the answer's status."""

    def tell(variant, body, headers):
        sent = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        return client.post(
            f"/payments/process/{variant}/", data=body, content_type="application/json", **sent
        ).status_code

    return tell


def balance(customer):
    return ledger.account_of(customer).balance


def later(now, **by):
    return now + timedelta(**by)
