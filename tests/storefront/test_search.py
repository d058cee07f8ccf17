"""One search over all rooms: what is found, for whom, and in how many questions to the database."""

from decimal import Decimal
from http import HTTPStatus

import pytest
from django.urls import reverse

from catalog.models import Service
from orders.models import Order
from sms.models import Country, Number, Project, Purchase, Site, Slot
from wallet import ledger

pytestmark = pytest.mark.django_db

MOST_QUERIES = 12
LINK = "https://instagram.com/p/1234567890123456789012345678901234567890"
HX = {"HX-Request": "true"}


@pytest.fixture
def me(client, rich):
    client.force_login(rich)
    return client


@pytest.fixture
def number(rich, now):
    """A number that the customer had."""
    country = Country.objects.create(code="us", name="United States", region="US")
    site = Site.objects.create(name="Telegram", folded="telegram")
    project = Project.objects.create(
        upstream_id="1", site=site, country=country, cost=Decimal("0.4"), price=Decimal("0.5"), changed_at=now
    )
    purchase = Purchase.objects.create(
        customer=rich,
        project=project,
        site_name="Telegram",
        country_name="United States",
        quantity=1,
        cost=Decimal("0.4"),
        price=Decimal("0.5"),
        state="CLOSED",
        placed_at=now,
        not_before=now,
    )
    hold = ledger.hold(account=ledger.account_of(rich), amount=Decimal("0.5"), key="sms:test", now=now)
    ledger.release(hold=hold, now=now)
    slot = Slot.objects.create(purchase=purchase, position=1, hold=hold)
    return Number.objects.create(
        purchase=purchase,
        slot=slot,
        upstream_id=1,
        phone="2025550143",
        e164="+12025550143",
        state="EXPIRED",
        received_at=now,
        expires_at=now,
        changed_at=now,
        finished_at=now,
    )


def found(client, words, **headers):
    response = client.get(reverse("storefront:search"), {"q": words}, headers=headers)
    assert response.status_code == HTTPStatus.OK
    return response.context["found"]


class TestWhatIsFound:
    def test_services_by_words_and_by_their_number(self, me, catalogue):
        service = catalogue[1]
        assert service in found(me, service.name).services
        assert found(me, str(service.pk)).services[0] == service or service in found(me, str(service.pk)).services

    def test_own_orders_by_number_and_by_link(self, me, placed):
        order = placed(1, link=LINK)
        other = placed(1, link="https://instagram.com/else")
        assert found(me, f"#{order.pk}").orders == [order]
        assert order in found(me, str(order.pk)).orders
        assert found(me, LINK).orders == [order]
        assert found(me, "p/1234567890123").orders == [order]
        assert found(me, "instagram.com").orders == [other, order]

    def test_own_numbers_as_people_write_them(self, me, number):
        for words in ("2025550143", "+1 202-555-0143", "(202) 555 0143"[1:], "0143"):
            assert found(me, words).numbers == [number], words

    def test_pages_by_what_they_are_about(self, me):
        assert [page.view for page in found(me, "top up").pages] == ["wallet:statement"]
        assert "account_change_password" in [page.view for page in found(me, "password").pages]

    def test_every_page_in_the_table_opens(self, me, catalogue):
        from storefront.pages import PAGES

        for page in PAGES:
            assert me.get(page.url, follow=True).status_code == HTTPStatus.OK, page.view

    def test_a_stranger_finds_none_of_it(self, client, stranger, placed, number):
        order = placed(1, link=LINK)
        client.force_login(stranger)
        for words in (str(order.pk), LINK, "2025550143"):
            theirs = found(client, words)
            assert (theirs.orders, theirs.numbers) == ([], [])

    def test_a_visitor_finds_services_and_open_pages_alone(self, client, placed, number, catalogue):
        order = placed(1, link=LINK)
        assert found(client, LINK).orders == []
        assert found(client, str(order.pk)).orders == []
        assert found(client, "2025550143").numbers == []
        assert found(client, "wallet").pages == []
        assert found(client, "documentation").pages != []

    def test_what_is_off_the_shelf_is_not_found(self, me, catalogue):
        Service.objects.update(hidden=True)
        assert found(me, "instagram").services == []


class TestThePage:
    @pytest.mark.parametrize(
        "words", ["", " ", "a", "\0", "x" * 3000, "%_'\"<script>", "٣", "9" * 30, "#", "+", "a b c d e f g h i j k"]
    )
    @pytest.mark.parametrize("headers", [{}, HX])
    def test_no_words_are_an_error(self, me, catalogue, words, headers):
        response = me.get(reverse("storefront:search"), {"q": words}, headers=headers)
        assert response.status_code == HTTPStatus.OK
        assert "<script>" not in response.content.decode().replace("<script src", "")

    def test_hostile_names_and_links_are_text(self, me, placed):
        order = placed(1, link=LINK)
        Order.objects.filter(pk=order.pk).update(service_name="<img src=x onerror=alert(1)>")
        Service.objects.filter(pk=order.service_id).update(name="<b>x</b>", search_text="instagram")
        for headers in ({}, HX):
            text = me.get(reverse("storefront:search"), {"q": "instagram"}, headers=headers).content.decode()
            assert "<b>x</b>" not in text
            assert "&lt;b&gt;x" in text
            assert "<img src=x" not in text
            assert "&lt;img src=x" in text

    def test_nothing_found_says_what_to_do(self, me, catalogue):
        assert "Try fewer or shorter words" in me.get("/search/?q=zzzzzz").content.decode()
        assert "Nothing found" in me.get("/search/?q=zzzzzz", headers=HX).content.decode()
        assert me.get("/search/?q=z", headers=HX).content.decode().strip() == ""

    def test_the_drop_down_is_a_list_of_options_with_names_of_their_own(self, me, placed):
        placed(1, link=LINK)
        text = me.get("/search/?q=instagram", headers=HX).content.decode()
        assert "<html" not in text
        ids = [part.split('"')[0] for part in text.split(' role="option" id="')[1:]]
        assert len(ids) == len(set(ids)) > 3

    def test_more_than_fit_lead_to_the_catalogue(self, me, shelf):
        for each in range(25):
            shelf(f"Followers {each}")
        response = me.get("/search/?q=followers")
        assert len(response.context["found"].services) == 20
        assert "/services/?q=followers" in response.content.decode()

    def test_the_number_of_queries_does_not_grow(self, me, placed, django_assert_max_num_queries):
        placed(1, link=LINK)
        with django_assert_max_num_queries(MOST_QUERIES) as few:
            me.get("/search/?q=instagram", headers={"Accept": "text/html"})
        for _order in range(10):
            placed(1, link=LINK)
        with django_assert_max_num_queries(len(few)):
            me.get("/search/?q=instagram", headers={"Accept": "text/html"})
