"""Stock that is looked up while somebody reads a service's page: seldom, within the pace, never in the way."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog import live_stock
from catalog.models import Service, StockLook
from upstream.pace import current_pace

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(catalogue, sandbox):
    """One whose stock the vendor tells as text, as it may: a fault that harms nothing, and is counted."""
    sandbox.fault("as_text", action="inventory")
    return catalogue[7]


@pytest.fixture
def me(client, customer):
    client.force_login(customer)
    return client


def asked(sandbox):
    """How many questions for a stock arrived at the vendor."""
    return sandbox.faults.fired["as_text"]


def part(client, service, **query):
    return client.get(reverse("catalog:stock", args=[service.pk]), query, headers={"HX-Request": "true"})


def test_the_vendor_is_asked_once_in_half_a_minute_and_tells_what_is_there_now(product, sandbox):
    sandbox.set_service(7, stock=41)
    now = timezone.now()
    assert live_stock.look(product, now=now).stock == 41
    sandbox.set_service(7, stock=40)
    same = Service.objects.get(pk=product.pk)
    seen = live_stock.look(same, now=now + timedelta(seconds=29))
    assert (seen.stock, seen.at) == (41, now)
    assert asked(sandbox) == 1
    assert live_stock.look(same, now=now + timedelta(seconds=30)).stock == 40
    assert asked(sandbox) == 2


def test_a_closed_breaker_leaves_our_copy_with_its_age(product, sandbox, now):
    pace = current_pace()
    passage = pace.enter(lease=10)
    pace.trip(passage, "slow down", "429", 60)
    seen = live_stock.look(product, now=now)
    assert seen.stock == product.stock
    assert seen.at is not None
    assert asked(sandbox) == 0


def test_a_vendor_that_fails_is_no_error(product, sandbox, now):
    sandbox.clear()
    sandbox.fault("http_500", action="inventory")
    assert live_stock.look(product, now=now).stock == product.stock
    assert StockLook.objects.get().told_at is None


def test_looking_takes_only_a_share_of_the_budget(catalogue, sandbox, settings, now):
    settings.UPSTREAM_MAX_PER_SECOND = 8
    for number, service in enumerate(list(catalogue.values())[:6]):
        live_stock.look(service, now=now + timedelta(milliseconds=number))
    assert StockLook.objects.count() == 8 / live_stock.SHARE


def test_the_part_of_the_page_is_204_while_nothing_is_new(me, product, sandbox):
    sandbox.set_service(7, stock=41)
    first = part(me, product)
    assert "41" in first.content.decode()
    since = live_stock.known(Service.objects.get(pk=product.pk)).version
    assert part(me, product, since=since).status_code == HTTPStatus.NO_CONTENT


def test_a_page_that_says_sold_out_is_loaded_anew_when_it_is_back(me, product, sandbox):
    Service.objects.filter(pk=product.pk).update(stock=0)
    sandbox.set_service(7, stock=9)
    assert part(me, product, out="1")["HX-Refresh"] == "true"


def test_only_who_is_signed_in_makes_the_shop_ask(client, product, sandbox):
    text = client.get(reverse("orders:service", args=[product.pk])).content.decode()
    assert reverse("catalog:stock", args=[product.pk]) not in text
    assert part(client, product).status_code == HTTPStatus.OK
    assert "HX-Redirect" in part(client, product)
    assert asked(sandbox) == 0


def test_what_is_hidden_has_no_stock(me, product):
    Service.objects.filter(pk=product.pk).update(hidden=True)
    assert part(me, product).status_code == HTTPStatus.NOT_FOUND
