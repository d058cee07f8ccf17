"""Whoever waited for a service hears that it is back: once, on their next page."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.urls import reverse

from catalog import back_in_stock, tasks
from catalog.models import Category, Service, StockWish
from catalog.sync import sync_catalog

PAGE = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def me(client, customer):
    client.force_login(customer)
    return client


@pytest.fixture
def gone(shelf):
    """A service that is sold out."""
    return shelf("Mailbox <b>x</b>", entity="PRODUCT", unit=1, min=1, max=50, stock=0)


def wish_page(service):
    return reverse("catalog:wish", args=[service.pk])


def back(service, stock=10):
    Service.objects.filter(pk=service.pk).update(stock=stock)


class TestTheWish:
    def test_the_button_notes_it_down_once_and_takes_it_back(self, me, customer, gone):
        page = reverse("orders:service", args=[gone.pk])
        assert "Tell me when it is back" in me.get(page).content.decode()
        for _click in range(2):
            assert me.post(wish_page(gone))["Location"] == page
        assert StockWish.objects.filter(customer=customer, service=gone).count() == 1
        assert "Do not tell me" in me.get(page).content.decode()
        me.post(wish_page(gone), {"forget": "1"})
        assert not StockWish.objects.exists()

    def test_a_visitor_is_asked_to_log_in(self, client, gone):
        assert "Log in to be told" in client.get(reverse("orders:service", args=[gone.pk])).content.decode()
        assert client.post(wish_page(gone))["Location"].startswith(reverse("account_login"))

    def test_what_is_in_stock_or_off_sale_can_not_be_waited_for(self, customer, shelf, gone, now):
        with pytest.raises(back_in_stock.CantWish):
            back_in_stock.wish(customer=customer, service_id=shelf("There", stock=1000).pk, now=now)
        Service.objects.filter(pk=gone.pk).update(state=Service.State.WITHDRAWN)
        with pytest.raises(back_in_stock.CantWish):
            back_in_stock.wish(customer=customer, service_id=gone.pk, now=now)
        assert not StockWish.objects.exists()

    def test_nobody_waits_for_everything(self, customer, shelf, now, monkeypatch):
        monkeypatch.setattr(back_in_stock, "MOST", 2)
        for number in range(2):
            back_in_stock.wish(customer=customer, service_id=shelf(f"S{number}", stock=0).pk, now=now)
        with pytest.raises(back_in_stock.CantWish):
            back_in_stock.wish(customer=customer, service_id=shelf("One more", stock=0).pk, now=now)

    def test_of_what_is_hidden_there_is_no_page(self, me, gone):
        Category.objects.update(hidden=True)
        assert me.post(wish_page(gone)).status_code == HTTPStatus.NOT_FOUND


class TestMarkingDue:
    def test_only_what_can_be_ordered_again_is_due_and_once(self, customer, stranger, gone, now):
        for person in (customer, stranger):
            back_in_stock.wish(customer=person, service_id=gone.pk, now=now)
        assert back_in_stock.mark_due(now=now) == []
        back(gone)
        later = now + timedelta(minutes=1)
        assert {wish.customer for wish in back_in_stock.mark_due(now=later)} == {customer, stranger}
        assert back_in_stock.mark_due(now=later) == []

    @pytest.mark.parametrize("fields", [{"hidden": True}, {"state": "WITHDRAWN"}, {"stock": 0}])
    def test_what_is_not_for_sale_is_not(self, customer, gone, now, fields):
        back_in_stock.wish(customer=customer, service_id=gone.pk, now=now)
        Service.objects.filter(pk=gone.pk).update(**{"stock": 10, **fields})
        assert back_in_stock.mark_due(now=now) == []

    def test_one_that_was_told_can_be_wished_for_again(self, customer, gone, now):
        back_in_stock.wish(customer=customer, service_id=gone.pk, now=now)
        back(gone)
        back_in_stock.mark_due(now=now)
        back(gone, 0)
        back_in_stock.wish(customer=customer, service_id=gone.pk, now=now)
        assert StockWish.objects.filter(customer=customer, due_at=None).count() == 1

    def test_a_sync_that_brings_it_back_lets_them_know(self, sandbox, customer, now):
        sandbox.set_service(7, stock=0)
        sync_catalog()
        service = Service.objects.get(upstream_id=7)
        back_in_stock.wish(customer=customer, service_id=service.pk, now=now)
        sandbox.set_service(7, stock=100)
        tasks.sync()
        assert StockWish.objects.get().due_at is not None


class TestTheMessage:
    @pytest.fixture
    def due(self, customer, gone, now):
        back_in_stock.wish(customer=customer, service_id=gone.pk, now=now)
        back(gone)
        back_in_stock.mark_due(now=now)
        return gone

    def test_the_next_page_says_it_once_with_a_link_and_the_name_as_text(self, me, due):
        text = me.get(reverse("orders:list"), headers=PAGE).content.decode()
        assert "Back in stock:" in text
        assert f'href="{reverse("orders:service", args=[due.pk])}"' in text
        assert "<b>x</b>" not in text
        assert "Mailbox &lt;b&gt;x&lt;/b&gt;" in text
        assert "Back in stock:" not in me.get(reverse("orders:list"), headers=PAGE).content.decode()

    def test_it_waits_for_a_whole_page(self, me, due):
        me.get(reverse("brand"), headers={"Accept": "text/css"})
        me.get(reverse("orders:list"), headers={**PAGE, "HX-Request": "true"})
        assert StockWish.objects.get().told_at is None

    def test_it_survives_a_page_that_leads_on(self, me, due):
        assert me.get(reverse("orders:again", args=[10**9]), headers=PAGE).status_code == HTTPStatus.NOT_FOUND
        assert me.get("/services", headers=PAGE, follow=True).status_code == HTTPStatus.OK
        assert StockWish.objects.get().told_at is not None

    def test_a_stranger_hears_nothing(self, client, stranger, due):
        client.force_login(stranger)
        assert "Back in stock" not in client.get(reverse("orders:list"), headers=PAGE).content.decode()
        assert StockWish.objects.get().told_at is None
