"""Bots' clients as customers have them, from the package index, unchanged but for the address: a whole round each."""

import asyncio
import contextlib
from decimal import Decimal

import grizzly_sms
import herosms
import httpx
import pytest
import smsactivateru
from smsactivate.api import SMSActivateAPI

from api.handler import codes
from api.handler.models import ServiceCode
from reseller.books import audit
from sms import states
from sms.models import Number, Purchase
from tests.api.test_handler import URL, USA, hasty, worker
from tests.sms.conftest import listen_to
from wallet import ledger

__all__ = ["hasty", "listen_to", "worker"]
pytestmark = pytest.mark.django_db(transaction=True)


class SmsActivate:
    """smsactivate, which was the first provider's own."""

    def __init__(self, url, key):
        self.client = SMSActivateAPI(key)
        self.client._SMSActivateAPI__api_url = url + URL

    def balance(self):
        return Decimal(self.client.getBalance()["balance"])

    def prices(self, service):
        assert str(USA) in {str(row["id"]) for row in self.client.getCountries().values()}
        assert f"{service}_0" in self.client.getNumbersStatus(country=USA)
        return self.client.getPrices(service=service, country=USA)

    def number(self, service):
        told = self.client.getNumber(service=service, country=USA)
        if "error" in told:
            return told["error"]
        return told["activation_id"], str(told["phone"])

    def code(self, number_id):
        return self.client.getStatus(id=number_id)

    def ready(self, number_id):
        return self.client.setStatus(id=number_id, status=1)

    def again(self, number_id):
        return self.client.setStatus(id=number_id, status=3)

    def finish(self, number_id):
        assert self.client.getActiveActivations()["activeActivations"][0]["activationId"] == number_id
        return self.client.setStatus(id=number_id, status=6)


class SmsActivateRu:
    """smsactivateru, to which the mere word for an error inside an answer is one."""

    def __init__(self, url, key):
        self.wrapper = smsactivateru.Sms(key)
        self.wrapper.url = url + URL

    def balance(self):
        return Decimal(str(smsactivateru.GetBalance().request(self.wrapper)))

    def prices(self, service):
        return None

    def number(self, service):
        assert service == "tg"
        wish = smsactivateru.GetNumber(service=smsactivateru.SmsService().Telegram, country=USA, operator="any")
        try:
            self.bought = wish.request(self.wrapper)
        except smsactivateru.errors.ErrorsModel as error:
            return error.code
        return int(self.bought.id), self.bought.phone_number

    def code(self, number_id):
        told = smsactivateru.GetStatus(id=number_id).request(self.wrapper)
        return f"{told['status']}:{told['code']}" if told["code"] else told["status"]

    def ready(self, number_id):
        return self.bought.was_sent()["status"]

    def again(self, number_id):
        wish = smsactivateru.SetStatus(id=number_id, status=smsactivateru.SmsTypes.Status.OneMoreCode)
        return wish.request(self.wrapper)["status"]

    def finish(self, number_id):
        wish = smsactivateru.SetStatus(id=number_id, status=smsactivateru.SmsTypes.Status.End)
        return wish.request(self.wrapper)["status"]


class Grizzly:
    """grizzly-sms-client, which reads JSON only where the answer says that it is some."""

    def __init__(self, url, key):
        self.client = grizzly_sms.GrizzlySms(key, base_url=url)

    def balance(self):
        return Decimal(str(self.client.get_balance()))

    def prices(self, service):
        assert service in [row.code for row in self.client.get_services()]
        assert int(USA) in [row.id for row in self.client.get_countries()]
        assert len(self.client.find_prices(service=service, country=USA)) == 1
        return self.client.get_prices(service=service, country=USA)

    def number(self, service):
        try:
            told = self.client.get_number_v2(service, country=int(USA), max_price=100.0)
        except grizzly_sms.GrizzlySmsError as error:
            return error.code
        assert (told.currency, told.country_code, told.can_get_another_sms) == (840, USA, True)
        return int(told.activation_id), told.phone_number

    def code(self, number_id):
        told = self.client.get_status(number_id)
        assert bool(self.client.get_status_v2(number_id)["sms"]) == (told.status == "STATUS_OK")
        return f"{told.status}:{told.code}" if told.code else told.status

    def ready(self, number_id):
        return self.client.ready(number_id)

    def again(self, number_id):
        return self.client.request_another_code(number_id)

    def finish(self, number_id):
        return self.client.complete(number_id)

    def close(self):
        self.client.close()


class Hero:
    """herosms, which asks up to six times for a number where a server breaks."""

    def __init__(self, url, key):
        # One loop for all calls: its connections belong to the one that opened them.
        self.run = asyncio.new_event_loop().run_until_complete
        self.client = herosms.HeroSMSClient(key, base_url=url + URL)
        self.url, self.key = url + URL, key

    def balance(self):
        return Decimal(str(self.run(self.client.get_balance()).amount))

    def prices(self, service):
        table = self.run(self.client.get_prices(service=service, country=int(USA)))
        return {country: {name: {"cost": row.cost} for name, row in rows.items()} for country, rows in table.items()}

    def number(self, service):
        try:
            self.bought = self.run(self.client.activations.create(service=service, country=int(USA)))
        except ValueError as error:  # it has no words for words
            return next(word for word in ("NO_NUMBERS", "NO_BALANCE", "BAD_KEY", "BAD_SERVICE") if word in str(error))
        return self.bought.id, self.bought.phone_number

    def code(self, number_id):
        try:
            return f"STATUS_OK:{self.run(self.bought.wait_for_sms(timeout=0.1, poll_interval=0.2)).code}"
        except herosms.exceptions.WaitTimeoutError:
            return "STATUS_WAIT_CODE"

    def ready(self, number_id):
        # It never says so itself.
        params = {"api_key": self.key, "action": "setStatus", "id": number_id, "status": 1}
        return httpx.get(self.url, params=params).text

    def again(self, number_id):
        self.run(self.bought.request_sms())
        return "ACCESS_RETRY_GET"

    def finish(self, number_id):
        self.run(self.bought.complete())
        return "ACCESS_ACTIVATION"

    def close(self):
        self.run(self.client.close())


KINDS = [SmsActivate, SmsActivateRu, Grizzly, Hero]


@pytest.fixture
def dial(live_server):
    """`dial(kind, key)` makes a client for the live server; those that keep connections close them in the end."""
    with contextlib.ExitStack() as stack:

        def dial(kind, key):
            client = kind(live_server.url, key)
            if hasattr(client, "close"):
                stack.callback(client.close)
            return client

        yield dial


@pytest.fixture
def service(projects):
    """Telegram's code."""
    codes.fill()
    return ServiceCode.objects.get(site__name="Telegram").code


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_round(kind, dial, secret, rich, projects, service, worker, sandbox, listen_to):
    telegram = next(p for p in projects.values() if (p.site.name, p.country.region) == ("Telegram", "US"))
    sandbox.vendor.plan_sms(project=telegram.upstream_id, behaviour="two", seconds=5, second=30, code="123456")
    client = dial(kind, secret)
    before = client.balance()
    assert before == ledger.account_of(rich).available.quantize(Decimal("0.01"))
    prices = client.prices(service)

    number_id, phone = client.number(service)
    number = Number.objects.get(pk=number_id)
    assert phone == number.e164.lstrip("+")
    if prices is not None:
        assert Decimal(str(prices[USA][service]["cost"])) == number.purchase.price
    assert client.ready(number_id) == "ACCESS_READY"
    assert client.code(number_id) == "STATUS_WAIT_CODE"

    sandbox.vendor.clock.advance(6)
    listen_to(number)
    assert client.code(number_id) == "STATUS_OK:123456"
    assert client.again(number_id) == "ACCESS_RETRY_GET"
    sandbox.vendor.clock.advance(31)
    second = listen_to(number).messages.last().code
    assert client.code(number_id) == f"STATUS_OK:{second}"
    assert client.finish(number_id) == "ACCESS_ACTIVATION"

    number.refresh_from_db()
    assert number.state == states.FINISHED
    account = ledger.account_of(rich)
    assert (account.held, before - client.balance()) == (0, pytest.approx(number.purchase.price, abs=Decimal("0.01")))
    assert audit().problems == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_is_understood(kind, dial, secret, stranger, make_key, service, hasty):
    poor = dial(kind, make_key(stranger))
    assert poor.number(service) == "NO_BALANCE"
    assert dial(kind, secret).number(service) == "NO_NUMBERS"  # nobody sends it, so it is taken back
    assert Purchase.objects.get().state == states.REJECTED
    assert dial(kind, "wrong").number(service) == "BAD_KEY"


def test_a_doubt_makes_no_client_buy_again(dial, secret, rich, service, sandbox, worker):
    sandbox.fault("lost_after", action="add_sms", times=1)
    assert dial(Hero, secret).number(service) == "NO_NUMBERS"
    assert Purchase.objects.get().state == states.UNCERTAIN
    assert ledger.account_of(rich).held == Purchase.objects.get().price
