"""The front page, what every page of the storefront weighs, and how often it asks the database."""

import gzip
import re
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus

import pytest
from django.conf import settings as shop
from django.contrib.staticfiles import finders
from django.urls import reverse

from catalog import back_in_stock, favourites
from catalog.models import Service, Speed
from core.models import ExchangeRate
from orders.models import Order

pytestmark = pytest.mark.django_db

MOST_QUERIES = 12
MOST_WEIGHT = 120 * 1024
PAGE = {"Accept": "text/html"}
LONG = "متابعون إنستغرام " + "x" * 200


@pytest.fixture
def me(client, customer):
    client.force_login(customer)
    return client


@pytest.fixture
def full(shelf, customer, settings, now):
    """A page's worth of services with all that a row can show, and a second currency."""
    settings.SECOND_CURRENCY = "EUR"
    ExchangeRate.objects.create(currency="EUR", rate=Decimal("0.92"), as_of=now.date())

    def full(count):
        for number in range(count):
            service = shelf(
                f"Followers {number} {LONG}"[:200],
                category=f"Category {number % 20}",
                subcategory=f"Part {number % 3}",
                stock=number,
                refill=True,
                cancel=True,
            )
            favourites.toggle(customer=customer, service_id=service.pk)
            Speed.objects.create(service=service, orders=20, done_median=60, done_p90=600, counted_at=now)
        return Service.objects.order_by("pk").first()

    return full


class TestTheFrontPage:
    def test_its_figures_are_the_shops_own(self, client, shelf):
        for number in range(3):
            shelf(f"Followers {number}", category=f"Category {number % 2}")
        text = client.get(reverse("front")).content.decode()
        figures = re.search(r'<ul class="front-figures".*?</ul>', text, re.S)[0]
        assert re.findall(r"<strong>(.*?)</strong>", figures) == ["3", "2"]

    def test_an_empty_shop_boasts_of_nothing(self, client, db):
        assert "front-figures" not in client.get(reverse("front")).content.decode()

    def test_a_customer_finds_favourites_and_what_they_ordered(self, client, placed, rich, catalogue):
        kept, ordered = catalogue[1], placed(3 if 3 in catalogue else 1).service
        favourites.toggle(customer=rich, service_id=kept.pk)
        client.force_login(rich)
        context = client.get(reverse("front")).context
        assert context["kept"] == [kept]
        assert context["lately"] == ([ordered] if ordered != kept else [])

    def test_the_operators_name_and_colour_are_on_it(self, client, db, settings):
        settings.SHOP_NAME, settings.SHOP_ACCENT = "Corner & Sons", "#336699"
        text = client.get(reverse("front")).content.decode()
        assert "Corner &amp; Sons" in text
        assert "brand.css" in text


class TestOrderAgain:
    def test_it_fills_the_form_and_orders_nothing(self, client, placed, rich):
        order = placed(1, quantity=700, link="https://instagram.com/p/" + "1" * 40)
        client.force_login(rich)
        assert reverse("orders:again", args=[order.pk]) in client.get(reverse("orders:list")).content.decode()
        response = client.get(reverse("orders:again", args=[order.pk]), follow=True)
        form = response.context["form"]
        assert (form["quantity"].value(), form["link"].value()) == ("700", order.link)
        assert Order.objects.count() == 1

    def test_another_customers_order_is_not_there(self, client, placed, stranger):
        client.force_login(stranger)
        assert client.get(reverse("orders:again", args=[placed(1).pk])).status_code == HTTPStatus.NOT_FOUND

    def test_of_what_is_hidden_now_it_leads_to_the_catalogue(self, client, placed, rich):
        order = placed(1)
        Service.objects.filter(pk=order.service_id).update(hidden=True)
        client.force_login(rich)
        response = client.get(reverse("orders:again", args=[order.pk]), follow=True)
        assert response.redirect_chain[0][0] == reverse("catalog:list")
        assert "no longer offered" in response.content.decode()


class TestWithoutScripts:
    def test_the_total_is_worked_out_and_nothing_ordered(self, client, catalogue, rich):
        client.force_login(rich)
        page = reverse("orders:service", args=[catalogue[1].pk])
        assert 'name="reckon"' in client.get(page).content.decode()
        response = client.post(page, {"reckon": "1", "quantity": "2000", "link": "instagram.com/x"})
        assert response.status_code == HTTPStatus.OK
        assert response.context["charge"] == catalogue[1].price * 2
        assert response.context["form"]["link"].value() == "instagram.com/x"
        assert Order.objects.count() == 0


class TestWeightAndQueries:
    @pytest.mark.parametrize("path", ["/", "/services/", "/services/?favourites=1", "SERVICE", "/search/?q=followers"])
    def test_a_page_asks_at_most_twelve_times_however_much_is_on_it(
        self, me, full, customer, now, path, django_assert_max_num_queries
    ):
        service = full(2)
        gone = Service.objects.filter(stock=0).first()
        back_in_stock.wish(customer=customer, service_id=gone.pk, now=now)
        path = reverse("orders:service", args=[service.pk]) if path == "SERVICE" else path
        me.get(reverse("orders:service", args=[service.pk]))
        with django_assert_max_num_queries(MOST_QUERIES) as few:
            me.get(path, headers=PAGE)
        full(60)
        with django_assert_max_num_queries(len(few)):
            me.get(path, headers=PAGE)

    @pytest.mark.parametrize("path", ["/", "/services/", "SERVICE", "/search/?q=followers"])
    def test_a_first_visit_is_light(self, me, full, path):
        service = full(60)
        path = reverse("orders:service", args=[service.pk]) if path == "SERVICE" else path
        text = me.get(path, headers=PAGE).content
        weight = len(gzip.compress(text))
        assets = re.findall(rf'(?:href|src)="{re.escape(shop.STATIC_URL)}([^"]+)"', text.decode())
        assert len(assets) > 5
        for asset in assets:
            with open(finders.find(asset), "rb") as file:
                weight += len(gzip.compress(file.read()))
        assert weight < MOST_WEIGHT

    def test_a_page_beyond_the_last_is_the_last(self, client, shelf):
        for number in range(60):
            shelf(f"Followers {number:02}")
        response = client.get("/services/?page=99")
        assert response.status_code == HTTPStatus.OK
        assert response.context["page"].number == 2


class TestTheSecondCurrency:
    @pytest.fixture
    def euro(self, settings, now):
        settings.SECOND_CURRENCY = "EUR"
        return ExchangeRate.objects.create(currency="EUR", rate=Decimal("0.92"), as_of=now.date() - timedelta(days=1))

    def pages(self, client, service):
        return [
            client.get(page).content.decode()
            for page in (
                reverse("catalog:list"),
                reverse("orders:service", args=[service.pk]),
                reverse("wallet:statement"),
            )
        ]

    def test_it_stands_beside_dollars_as_approximate(self, me, shelf, euro):
        service = shelf("Followers", price=Decimal("1.50"))
        shelf_page, service_page, wallet_page = self.pages(me, service)
        assert "≈\u00a0€1.38" in shelf_page
        assert "≈\u00a0€0.14" in service_page  # 100 pieces
        assert 'data-second="EUR" data-second-rate="0.92' in service_page
        assert "≈\u00a0€46.00" in wallet_page
        assert "You pay in US dollars" in wallet_page
        assert euro.as_of.isoformat() in wallet_page

    def test_without_the_setting_or_without_a_rate_there_is_none(self, me, shelf, euro, settings):
        service = shelf("Followers")
        settings.SECOND_CURRENCY = "GBP"
        assert not any("≈" in page for page in self.pages(me, service))
        settings.SECOND_CURRENCY = ""
        assert not any("≈" in page for page in self.pages(me, service))

    def test_a_reader_switches_it_off_and_on(self, me, shelf, euro):
        service = shelf("Followers")
        response = me.post(reverse("storefront:currency"), {"show": "off", "next": "/services/?q=f"})
        assert response["Location"] == "/services/?q=f"
        assert not any("≈" in page for page in self.pages(me, service))
        response = me.post(reverse("storefront:currency"), {"show": "on", "next": "https://elsewhere.example/"})
        assert response["Location"] == reverse("front")
        assert all("≈" in page for page in self.pages(me, service))

    def test_it_is_written_as_the_reader_writes_it(self, me, shelf, euro, customer):
        customer.language = "zh-hans"
        customer.save()
        assert "≈\u00a0€46.00" in me.get(reverse("wallet:statement")).content.decode()

    def test_small_amounts_keep_digits_that_say_something(self, euro):
        from core import second_currency

        second = second_currency.current()
        assert second.about(Decimal("0.0027")) == "≈\u00a0€0.0025"
        assert second.about(Decimal("0.000001")) == "≈\u00a0€0.00000092"
        assert second.about(Decimal(0)) == "≈\u00a0€0.00"
        assert second.about(Decimal("0.5")) == "≈\u00a0€0.46"
        assert second.about(Decimal(-5)) == "≈\u00a0-€4.60"

    def test_nothing_is_charged_by_it(self, client, placed, euro, rich):
        ExchangeRate.objects.update(rate=Decimal(1000))
        order = placed(1, quantity=1000)
        assert order.charge == order.service.price
