"""A whole shop as processes: the web server tells what worker and beat did, and one request is followed through all."""

import json
import urllib.error
import urllib.parse
import urllib.request

import pytest
from django.utils import timezone

from api import keys
from orders import states
from reseller.books import audit
from tests.house import House
from tests.orders.conftest import catalogue
from tests.still import sandbox

__all__ = ["catalogue", "sandbox"]
pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "a-token-of-the-tests"


@pytest.fixture
def house(catalogue, sandbox, tmp_path):
    house = House(
        home=tmp_path, upstream_url=sandbox.url, upstream_key="test-key", environment={"METRICS_TOKEN": TOKEN}
    )
    try:
        house.start()
        yield house
    finally:
        house.stop()


def ask(house, path, data=None, headers=None):
    request = urllib.request.Request(
        f"http://127.0.0.1:{house.port}{path}", data and urllib.parse.urlencode(data).encode(), headers or {}
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        return response.read().decode(), response.headers


def metrics(house):
    return ask(house, "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})[0]


def lines(house, part):
    return [json.loads(line) for line in house.logs()[part].splitlines()]


def test_one_purchase_is_seen_in_every_part(house, catalogue, customer):
    service = min(catalogue.values(), key=lambda service: service.price * service.min / service.unit)
    _key, secret = keys.make(customer=customer, name="Bot", now=timezone.now())
    form = {"key": secret, "action": "add", "service": service.pk, "quantity": service.min}
    form |= {"link": "https://instagram.com/name"}
    text, headers = ask(house, "/api/v2", form)
    order = customer.orders.get()
    assert json.loads(text)["order"] == order.pk

    wanted = (
        'shop_upstream_seconds_count{action="add"} 1.0',
        'shop_request_seconds_count{route="/api/v2",status="2xx"} 1.0',
        'shop_task_seconds_count{task="orders.tasks.submit_order"}',
        'shop_task_wait_seconds_count{queue="submit"}',
        "shop_beat_timestamp_seconds 1",
        'shop_metrics_ok{part="counts"} 1.0',
    )

    def missing():
        told = metrics(house)
        return [series for series in wanted if series not in told]

    house.wait_until(lambda: not missing(), "what worker and beat counted, in the web server's page")
    order.refresh_from_db()
    assert order.state != states.PLACED
    with pytest.raises(urllib.error.HTTPError, match="401"):
        ask(house, "/metrics")

    request_id = headers["X-Request-Id"]
    [asked] = [line for line in lines(house, "web") if line["logger"] == "reseller.requests" and "key_id" in line]
    assert (asked["request_id"], asked["customer_id"], asked["order_id"]) == (request_id, customer.pk, order.pk)
    sent = [line for line in lines(house, "worker") if line["logger"] == "orders.submit"]
    assert [(line["request_id"], line["order_id"], line["customer_id"]) for line in sent] == [
        (request_id, order.pk, customer.pk)
    ]
    assert all(line["time"] and line["event"] for part in house.logs() for line in lines(house, part))
    assert secret not in str(house.logs())
    assert audit().problems == []
