"""Each request leaves a line and a count that say which page it was, for whom, and how it went."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils.functional import SimpleLazyObject

from accounts import sign_in_as
from api import keys
from reseller.books import audit
from reseller.observe.requests import requests
from tests.orders.conftest import catalogue
from tests.orders.test_pages import send
from tests.still import sandbox

__all__ = ["catalogue", "sandbox"]
pytestmark = pytest.mark.django_db


def of(lines, logger="reseller.requests"):
    return [line for line in lines if line["logger"] == logger]


def test_a_page_is_told_by_its_pattern_and_customer(client, customer, lines, counted):
    client.force_login(customer)
    response = client.get("/orders/17/?token=verysecret", headers={"user-agent": "odd\nagent"})
    [line] = of(lines)
    assert response.status_code == 404
    assert line["event"].startswith("GET /orders/<int:order_id>/ 404 in ")
    assert (line["method"], line["route"], line["status"]) == ("GET", "/orders/<int:order_id>/", 404)
    assert (line["order_id"], line["customer_id"]) == (17, customer.pk)
    assert line["ms"] > 0
    assert line["level"] == "INFO"
    assert customer.email not in str(lines)
    assert "verysecret" not in str(lines)
    [(labels, (seconds, buckets))] = counted("shop_request_seconds").items()
    assert labels == ("/orders/<int:order_id>/", "4xx")
    assert seconds > 0
    assert sum(buckets) == 1


@pytest.mark.parametrize("path", ["/accounts/password/reset/key/5-verysecret/", "/accounts/confirm-email/verysecret/"])
def test_links_of_e_mails_stay_secret(client, lines, path):
    client.get(path)
    assert of(lines)
    assert "verysecret" not in str(lines)


def test_an_address_that_leads_nowhere_is_told_by_its_first_part_and_counted_with_all_others(client, lines, counted):
    for path in ("/acounts/reset/verysecret/", "/" + "x" * 300, "/odd%0aforged"):
        client.get(path)
    assert "verysecret" not in str(lines)
    assert [line["route"] for line in of(lines)] == ["/acounts/…", f"/{'x' * 40}/…", "/odd\\nforged"]
    assert list(counted("shop_request_seconds")) == [("none", "4xx")]


def test_an_operator_is_no_customer(client, operator, lines):
    client.force_login(operator)
    client.get("/orders/")
    assert of(lines)[0]["staff_id"] == operator.pk
    assert "customer_id" not in of(lines)[0]


def test_staff_who_look_as_a_customer_are_both(client, operator, customer, now, rf, lines):
    client.force_login(operator)
    request = rf.get("/")
    request.user, request.session = operator, client.session
    sign_in_as.begin(request=request, customer=customer, reason="asked", now=now)
    request.session.save()
    client.get("/orders/")
    line = of(lines)[-1]
    assert (line["customer_id"], line["staff_id"]) == (customer.pk, operator.pk)


def test_who_asks_is_not_looked_up_for_the_log_alone(rf, lines):
    def asked():
        raise AssertionError("the log has looked")

    request = rf.get("/")
    request.user = SimpleLazyObject(asked)
    requests(lambda request: HttpResponse())(request)
    assert "customer_id" not in of(lines)[0]


def test_djangos_own_line_about_a_request_has_its_id(client, lines):
    response = client.get("/nothing/")
    [line] = of(lines, "django.request")
    assert (line["event"], line["request_id"]) == ("Not Found: /nothing", response.headers["X-Request-Id"])


def test_a_call_of_the_api_is_told_by_customer_and_key(client, customer, now, lines):
    key, secret = keys.make(customer=customer, name="Bot", now=now)
    client.post("/api/v2", {"key": secret, "action": "balance"})
    [line] = of(lines)
    assert (line["customer_id"], line["key_id"]) == (customer.pk, key.pk)
    assert secret not in str(lines)


def test_a_key_in_the_address_is_in_no_line(client, customer, now, lines):
    _key, secret = keys.make(customer=customer, name="Bot", now=now)
    client.get(f"/stubs/handler_api.php?api_key={secret}&action=getBalance")
    assert of(lines)[0]["route"] == "/stubs/handler_api.php"
    assert secret not in str(lines)


def broken(*_args, **_more):
    raise ValueError("a fault of ours")


def test_an_error_has_the_requests_id_and_its_pattern(customer, lines, monkeypatch):
    monkeypatch.setattr("orders.views_list.render", broken)
    client = Client(raise_request_exception=False)
    client.force_login(customer)
    response = client.get("/orders/?link=verysecret")
    assert response.status_code == 500
    [error] = [line for line in lines if line["level"] == "ERROR"]
    assert error["event"] == "Internal Server Error: /orders/"
    assert "Traceback" in error["exception"]
    assert error["request_id"] == of(lines)[0]["request_id"] == response.headers["X-Request-Id"]
    assert "verysecret" not in str(lines)


class TestIds:
    @pytest.mark.parametrize("given", ["0123456789abcdef", "a-b_c-d_e", "5f0b2c51-7d3c-4d0e-9a3b-0d2f3c8a1b2c"])
    def test_of_a_proxy_are_taken_over(self, client, lines, given):
        assert client.get("/", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given
        assert of(lines)[0]["request_id"] == given

    @pytest.mark.parametrize(
        "given", ["", "short", "a" * 65, "a b c d e f", "12345678\n", "<script>alert(1)</script>", "ääääääää"]
    )
    def test_of_another_form_are_not(self, client, lines, given):
        answered = client.get("/", headers={"X-Request-Id": given}).headers["X-Request-Id"]
        assert answered != given
        assert re.fullmatch("[0-9a-f]{16}", answered)

    def test_are_of_one_request_each(self, client):
        assert client.get("/").headers["X-Request-Id"] != client.get("/").headers["X-Request-Id"]


@pytest.mark.parametrize("path", ["/readyz", "/static/css/tokens.css"])
def test_what_is_asked_for_all_the_time_is_quiet(client, lines, path):
    client.get(path)
    assert of(lines)[0]["level"] == "DEBUG"


def test_probes_leave_nothing(client, lines):
    client.get("/healthz")
    client.get("/metrics")
    assert not of(lines)


def test_the_order_that_a_request_placed_stands_in_its_line(client, customer, catalogue, lines):
    service = min(catalogue.values(), key=lambda service: service.price * service.min / service.unit)
    client.force_login(customer)
    response = send(client, service, link="https://instagram.com/name", quantity=service.min)
    assert response.status_code == 302
    assert of(lines)[-1]["order_id"] == customer.orders.get().pk
    assert audit().problems == []
