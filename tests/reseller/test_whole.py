"""A form that breaks off on the way is refused: over a real socket, at the real server."""

import socket
from io import BytesIO
from urllib.parse import urlencode, urlsplit

import pytest
from django.http import HttpResponse

from catalog.models import Service
from catalog.sync import sync_catalog
from orders.models import Order
from reseller.whole import whole_forms
from tests.conftest import PASSWORD
from tests.faults.storm.customers import Customer

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


def test_an_order_whose_last_digit_is_missing_is_no_order(shop, sandbox, customer):
    sync_catalog()
    service = Service.objects.get(upstream_id=1)
    buyer = Customer(url=shop.url, email=customer.email, password=PASSWORD, items={})
    buyer.log_in()
    fields = buyer._open(f"/services/{service.pk}/")
    del fields["quantity"]
    # Last, so that its last digit is the last byte.
    body = urlencode({**fields, "link": "https://instagram.com/p/x", "quantity": "1000"})
    cookies = "; ".join(f"{name}={value}" for name, value in buyer._browser.cookies.get_dict().items())
    where = urlsplit(shop.url)
    head = (
        f"POST /services/{service.pk}/ HTTP/1.1\r\nHost: {where.netloc}\r\nCookie: {cookies}\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )

    def send(text):
        with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
            connection.sendall((head + text).encode())
            connection.shutdown(socket.SHUT_WR)
            return connection.makefile("rb").readline()

    assert b" 400 " in send(body[:-1])
    assert not Order.objects.exists()
    assert b" 302 " in send(body)
    assert Order.objects.get().quantity == 1000


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "application/json", "multipart/form-data"]
)
def test_a_body_shorter_than_announced_is_refused_whatever_its_type(rf, content_type):
    def answer(length):
        request = rf.generic("POST", "/api/v2", b"key=x&quantity=10", content_type=content_type)
        request.META["CONTENT_LENGTH"] = length
        request._stream = BytesIO(b"key=x&quantity=10")
        return whole_forms(lambda _request: HttpResponse("taken"))(request).status_code

    assert answer("18") == 400
    assert answer("17") == 200
    assert answer("") == 200
    assert answer("a lot") == 200
