"""Clients as customers have them, from the package index, unchanged but for the address: a whole round with each."""

from decimal import Decimal

import pytest
import safesmm
import smm
import smmpy

from catalog.models import Service
from desk.models import Request
from orders import poll, states, submit
from orders.models import Order
from reseller.books import audit
from upstream import following

pytestmark = pytest.mark.django_db(transaction=True)
LINK = "https://instagram.com/name"


class Babismm:
    """babismm."""

    def __init__(self, url, key):
        self.client = smm.SMM(url, key)
        self.services, self.balance = self.client.get_services, self.client.get_balance
        self.status, self.statuses = self.client.get_status, self.client.get_multi_status
        self.add, self.cancel, self.refill = self.client.add_order, self.client.cancel_orders, self.client.create_refill
        self.error = smm.client.SMMAPIError


class Smmpy:
    """smmpy, which calls itself MSIE 5.01."""

    def __init__(self, url, key):
        self.client = smmpy.smm(url, key)
        self.services, self.balance = self.client.get_services, self.client.get_balance
        self.status, self.statuses = self.client.get_status, self.client.get_multi_status
        self.add, self.cancel, self.refill = self.client.add_order, self.client.cancel_orders, self.client.create_refill
        self.error = Exception


class Safesmm:
    """safesmm, to which the mere name `error` is a failure."""

    def __init__(self, url, key):
        self.client = safesmm.SafeSMM(key, url)
        self.services, self.balance = self.client.services, self.client.balance
        self.status, self.statuses = self.client.status, self.client.multi_status
        self.add, self.cancel, self.refill = self.client.add_order, self.client.cancel, self.client.refill
        self.error = safesmm.SafeSMMError


@pytest.fixture(params=["/api/v2/panel", "/api/v2/panel/"])
def url(request, live_server):
    return f"{live_server.url}{request.param}"


@pytest.mark.parametrize("kind", [Babismm, Smmpy, Safesmm])
def test_a_whole_round(kind, url, catalogue, rich, secret, sandbox):
    client = kind(url, secret)
    sandbox.vendor.plan(behaviour="partial", deliver=40, pending=1, seconds=10)
    Service.objects.update(cancel=True, refill=True)

    row = next(row for row in client.services() if row["service"] == catalogue[1].pk)
    before = Decimal(client.balance()["balance"])
    orders = [client.add(row["service"], LINK, int(row["min"]))["order"] for _ in range(3)]
    assert before - Decimal(client.balance()["balance"]) == sum(order.charge for order in Order.objects.all())
    assert client.status(orders[0])["status"] == "Pending"

    for order_id in orders[:2]:
        submit.submit(order_id=order_id)
    sandbox.vendor.clock.advance(11)
    for order, answer in following.ask([Order.objects.get(pk=orders[0])], poll._status):
        poll._take(order, answer, now=order.placed_at)

    told = client.statuses([*orders, 999999])
    assert told[str(orders[0])]["status"] == "Partial"
    assert int(told[str(orders[0])]["remains"]) == int(row["min"]) - 40
    assert float(told[str(orders[0])]["charge"]) > 0
    assert told[str(orders[1])]["status"] == "In progress"
    assert told["999999"] == {"error": "Incorrect order ID"}

    canceled = client.cancel([orders[1], orders[2], 999999])
    assert [line["order"] for line in canceled] == [orders[1], orders[2], 999999]
    assert canceled[2]["cancel"] == {"error": "Incorrect order ID"}
    assert {request.state for request in Request.objects.all()} == {"OPEN", "DONE"}
    assert Order.objects.get(pk=orders[2]).state == states.CANCELED
    assert client.refill(orders[0])["refill"] == str(Request.objects.get(kind="REFILL").pk)

    with pytest.raises(client.error, match="Incorrect order ID"):
        client.status(999999)
    with pytest.raises(client.error, match="Incorrect service ID"):
        client.add(999999, LINK, 100)
    with pytest.raises(kind(url, "wrong").error, match="Invalid API key"):
        kind(url, "wrong").balance()
    assert audit().problems == []
