"""A copy of everything: what is in it, what is not, whose it is, how often, and how much memory it takes."""

import csv
import io
import json
import tracemalloc
import zipfile
from datetime import timedelta
from http import HTTPStatus

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from api.models import Key, Webhook
from orders.models import DeliveredItem, Order
from privacy import archive, collect, export
from privacy.models import Export
from sms.models import Message
from tests.privacy.conftest import LINK

pytestmark = pytest.mark.django_db


def copy_of(user) -> tuple[zipfile.ZipFile, bytes]:
    """The archive as the page hands it out."""
    client = Client()
    client.force_login(user)
    response = client.post(reverse("privacy:copy"))
    assert response.status_code == HTTPStatus.OK, response.content
    assert response["Content-Type"] == "application/zip"
    assert response["Cache-Control"] == "no-store"
    whole = b"".join(response.streaming_content)
    packed = zipfile.ZipFile(io.BytesIO(whole))
    assert packed.testzip() is None
    return packed, whole


def table(packed: zipfile.ZipFile, name: str) -> list[dict]:
    return json.loads(packed.read(f"{name}.json"))


def test_everything_of_theirs_is_in_it(known):
    packed, _whole = copy_of(known)

    (profile,) = table(packed, "profile")
    assert (profile["email"], profile["name"]) == (known.email, "Li Wei")
    assert [order["link"] for order in table(packed, "orders")] == [LINK, ""]
    items = [item["text"] for item in table(packed, "delivered_items")]
    assert items == list(DeliveredItem.objects.order_by("pk").values_list("text", flat=True))
    assert len(items) == 3
    (message,) = Message.objects.all()
    assert [one["code"] for one in table(packed, "messages")] == [message.code]
    for name in [table.name for table in collect.tables(known)]:
        if name not in ("second_factors", "promotion_codes_used", "debts", "vouchers", "suspensions"):
            assert table(packed, name), f"{name} is empty"
    assert "Li Wei" not in packed.read("readme.txt").decode()


def test_amounts_are_those_of_the_books(known):
    packed, _whole = copy_of(known)

    (balance,) = table(packed, "balance")
    transfers = table(packed, "transfers")
    assert balance["balance"] == transfers[-1]["balance_after"]


def test_each_table_is_there_for_programs_and_for_spreadsheets(known):
    packed, _whole = copy_of(known)

    for each in collect.tables(known):
        rows = table(packed, each.name)
        lines = list(csv.reader(io.StringIO(packed.read(f"{each.name}.csv").decode("utf-8-sig"))))
        assert tuple(lines[0]) == each.columns
        assert len(lines) - 1 == len(rows)


def test_no_secret_that_opens_the_account_is_in_it(known):
    Authenticator.objects.create(user=known, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    packed, _whole = copy_of(known)
    everything = b"".join(packed.read(name) for name in packed.namelist()).decode()

    hook = Webhook.objects.get(customer=known)
    key = Key.objects.get(customer=known)
    for secret in ("JBSWY3DPEHPK3PXP", hook.secret, key.digest, known.password):
        assert secret not in everything
    assert not any(name for name in packed.namelist() if "cost" in name)
    assert "upstream" not in everything.lower()


def test_what_a_spreadsheet_would_run_is_defused(known):
    Order.objects.filter(customer=known).update(link='=HYPERLINK("https://evil.example")')
    packed, _whole = copy_of(known)

    assert "'=HYPERLINK" in packed.read("orders.csv").decode()
    assert table(packed, "orders")[0]["link"].startswith("=HYPERLINK")


def test_nothing_of_anybody_else_is_in_it(known, stranger):
    packed, _whole = copy_of(stranger)
    everything = b"".join(packed.read(name) for name in packed.namelist()).decode()

    assert known.email not in everything
    assert LINK not in everything
    for name in ("orders", "delivered_items", "messages", "api_keys", "api_calls", "webhooks", "transfers"):
        assert table(packed, name) == []


def test_there_is_one_an_hour(client: Client, known, stranger):
    client.force_login(known)
    address = reverse("privacy:copy")
    assert client.post(address).status_code == HTTPStatus.OK

    again = client.post(address)
    assert again.status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert "within the last hour" in again.content.decode()
    assert "60 minutes" in again.content.decode()
    copy_of(stranger)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        client.force_login(known)
        assert client.post(address).status_code == HTTPStatus.OK
    assert Export.objects.filter(customer=known).count() == 2


def test_it_needs_a_post_and_somebody(client: Client, known):
    assert reverse("account_login") in client.post(reverse("privacy:copy"))["Location"]
    client.force_login(known)
    assert client.get(reverse("privacy:copy")).status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_the_page_takes_few_queries(client: Client, known, django_assert_max_num_queries):
    client.force_login(known)

    with django_assert_max_num_queries(12):
        page = client.get(reverse("privacy:data")).content.decode()

    assert "A copy of everything" in page


def test_the_queries_do_not_grow_with_the_rows(known, django_assert_max_num_queries):
    first = Order.objects.filter(customer=known).first()
    DeliveredItem.objects.bulk_create(
        DeliveredItem(order=first, position=number + 10, text=f"item {number}", delivered_at=known.date_joined)
        for number in range(500)
    )

    with django_assert_max_num_queries(90):
        pieces = list(export.copy(customer=known, now=timezone.now()))

    assert len(table(zipfile.ZipFile(io.BytesIO(b"".join(pieces))), "delivered_items")) == 503


def test_thirty_thousand_rows_take_no_memory():
    def rows():
        for number in range(30_000):
            yield [number, f"https://example.com/{number}", "completed"]

    big = collect.Table("orders", ("number", "link", "state"), rows)
    tracemalloc.start()
    size = sum(len(piece) for piece in archive.stream([big], readme="x", now=timezone.now()))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size > 150_000
    assert peak < 3_000_000
