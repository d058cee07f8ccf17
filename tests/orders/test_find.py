"""The list in every sort: page after page, nothing twice, nothing left out, and by an index."""

import re

import pytest
from django.db import connection
from django.urls import reverse

from orders import find, shown, views_list
from orders.models import Order

pytestmark = pytest.mark.django_db

SMM = 1


@pytest.fixture
def me(client, rich):
    client.force_login(rich)
    return client


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        ("", lambda order: (-order.pk,)),
        ("old", lambda order: (order.pk,)),
        ("charge", lambda order: (order.charge, order.pk)),
        ("-charge", lambda order: (-order.charge, -order.pk)),
    ],
)
def test_pages_follow_each_other_in_every_sort(me, placed, monkeypatch, sort, key):
    monkeypatch.setattr(views_list, "PAGE", 2)
    orders = [placed(SMM, quantity=quantity) for quantity in (300, 100, 200, 100, 300, 100, 100)]
    seen, address = [], f"{reverse('orders:list')}?sort={sort}"
    while address:
        response = me.get(address)
        seen += [row.order.pk for row in response.context["rows"]]
        further = re.search(r'rel="next" href="([^"]+)"', response.content.decode())
        address = further and further[1].replace("&amp;", "&")
    assert seen == [order.pk for order in sorted(orders, key=key)]


def test_a_sort_that_is_none_is_the_newest_first(me, placed):
    orders = [placed(SMM).pk for _ in range(2)]
    for sort in ("x", "%00", "-pk"):
        rows = me.get(f"{reverse('orders:list')}?sort={sort}").context["rows"]
        assert [row.order.pk for row in rows] == orders[::-1]


def test_anothers_order_is_no_place_to_go_on_from(me, placed, stranger, rich):
    mine = placed(SMM)
    Order.objects.filter(pk=mine.pk).update(customer=stranger)
    placed(SMM)
    rows = me.get(f"{reverse('orders:list')}?sort=charge&before={mine.pk}").context["rows"]
    assert rows == []
    Order.objects.filter(pk=mine.pk).update(customer=rich)


@pytest.mark.parametrize("sort", find.SORTS)
@pytest.mark.parametrize("group", ["", "partial"])
def test_no_sort_walks_through_the_whole_table(rich, placed, sort, group):
    if connection.vendor != "sqlite":
        pytest.skip("a small table is read whole by PostgreSQL, whatever its indexes are")
    placed(SMM)
    found = find.found(shown.of_customer(rich), find.Wanted(group=group, sort=sort))
    plan = find.following(found, sort, Order.objects.get().pk, customer=rich)[:31].explain()
    assert re.search(r"SEARCH orders_order USING INDEX order_of_customer", plan), plan


def test_a_number_with_its_sign_is_nothing_but_a_number(me, placed):
    order = placed(SMM, link="https://instagram.com/1")
    placed(SMM, link=f"https://instagram.com/{order.pk}")
    rows = me.get(f"{reverse('orders:list')}?q=%23{order.pk}").context["rows"]
    assert [row.order.pk for row in rows] == [order.pk]


def test_an_order_can_be_placed_again_from_its_row(me, placed, catalogue):
    order = placed(SMM, quantity=300)
    address = reverse("orders:again", args=[order.pk])
    assert address in me.get(reverse("orders:list")).content.decode()
    catalogue[SMM].hidden = True
    catalogue[SMM].save()
    assert address not in me.get(reverse("orders:list")).content.decode()
