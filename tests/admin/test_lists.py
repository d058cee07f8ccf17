"""Lists of the admin find what is meant, and count no further than they page."""

import pytest

from core import admin_lists
from orders.models import Order

pytestmark = pytest.mark.django_db


def test_an_order_is_found_by_everything_that_names_it(desk, make):
    first, other = make.running(upstream_id=4242), make.placed()
    Order.objects.filter(pk=first.pk).update(link="https://www.example.org/profile?a=1")
    for text in (
        *(f"#{first.pk}", "4242", first.reference.lower(), "https://www.example.org/prof", "example.org/profile"),
        first.customer.email[:8],
    ):
        found = desk.get("/admin/orders/order/", {"q": text}).context["cl"].queryset
        assert first in found, text
        assert (other in found) == (text == first.customer.email[:8])
    for text in ("99999999999999999999999", "%", "nobody@example.com"):
        assert not desk.get("/admin/orders/order/", {"q": text}).context["cl"].queryset


def test_a_search_keeps_to_the_filters_that_are_set(desk, make):
    make.placed()
    page = desk.get("/admin/orders/order/", {"q": make.customer.email, "state__exact": "RUNNING"})
    assert not page.context["cl"].queryset


def test_a_list_counts_no_further_than_it_pages(desk, make, monkeypatch):
    for _each in range(3):
        make.placed()
    monkeypatch.setattr(admin_lists, "MOST", 2)
    page = desk.get("/admin/orders/order/")
    assert page.context["cl"].result_count == 2
    assert "The first 2 of more orders" in page.content.decode()


def test_days_are_whole_days_of_the_readers_clock(desk, make, operator):
    order = make.placed()
    operator.time_zone = "Pacific/Auckland"
    operator.save()
    Order.objects.filter(pk=order.pk).update(placed_at="2026-01-10T11:30:00Z")  # the 11th there
    for days, there in (("2026-01-11", True), ("2026-01-10", False)):
        answer = desk.get("/admin/orders/order/", {"placed_at_from": days, "placed_at_to": days})
        assert (order in answer.context["cl"].queryset) == there
