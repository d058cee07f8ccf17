"""Services that a customer keeps at hand, and those that a browser looked at last."""

from http import HTTPStatus

import pytest
from django.urls import reverse

from catalog import favourites, viewed
from catalog.models import Favourite


@pytest.fixture
def me(client, customer):
    client.force_login(customer)
    return client


def star(service):
    return reverse("catalog:favourite", args=[service.pk])


def names(response):
    return [service.name for service in response.context["page"]]


class TestTheStar:
    def test_without_scripts_it_leads_back_to_the_page_it_was_pressed_on(self, me, customer, shelf):
        service = shelf("Followers")
        page = "/services/?q=foll&page=1"
        response = me.post(star(service), {"next": page})
        assert (response.status_code, response["Location"]) == (HTTPStatus.FOUND, page)
        assert favourites.kept(customer, [service.pk]) == {service.pk}
        me.post(star(service), {"next": page})
        assert not Favourite.objects.exists()

    def test_htmx_gets_the_star_alone(self, me, shelf):
        service = shelf("Followers")
        text = me.post(star(service), headers={"HX-Request": "true"}).content.decode()
        assert 'aria-pressed="true"' in text
        assert "<html" not in text
        assert 'aria-pressed="false"' in me.post(star(service), headers={"HX-Request": "true"}).content.decode()

    @pytest.mark.parametrize("page", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", ""])
    def test_it_never_leads_out_of_the_shop(self, me, shelf, page):
        service = shelf("Followers")
        assert me.post(star(service), {"next": page})["Location"] == reverse("orders:service", args=[service.pk])

    def test_a_visitor_is_asked_to_log_in_and_has_no_star(self, client, shelf):
        service = shelf("Followers")
        assert client.post(star(service))["Location"].startswith(reverse("account_login"))
        assert 'class="star"' not in client.get(reverse("catalog:list")).content.decode()
        assert not Favourite.objects.exists()

    def test_what_is_hidden_has_none(self, me, shelf):
        assert me.post(star(shelf("Secret", hidden=True))).status_code == HTTPStatus.NOT_FOUND
        assert me.get(star(shelf("Shown"))).status_code == HTTPStatus.METHOD_NOT_ALLOWED

    def test_the_service_page_shows_whether_it_is_kept(self, me, customer, shelf):
        service = shelf("Followers")
        page = reverse("orders:service", args=[service.pk])
        assert f'id="star-{service.pk}" aria-pressed="false"' in me.get(page).content.decode()
        favourites.toggle(customer=customer, service_id=service.pk)
        assert f'id="star-{service.pk}" aria-pressed="true"' in me.get(page).content.decode()


class TestTheFilter:
    def test_it_lives_in_the_address_and_shows_ones_own_alone(self, me, customer, stranger, shelf):
        mine, theirs = shelf("Mine"), shelf("Theirs")
        shelf("Nobody's")
        favourites.toggle(customer=customer, service_id=mine.pk)
        favourites.toggle(customer=stranger, service_id=theirs.pk)
        response = me.get("/services/?favourites=1")
        assert names(response) == ["Mine"]
        assert me.get("/services/?favourites=1", headers={"HX-Request": "true"})["HX-Push-Url"].endswith("favourites=1")

    def test_without_any_it_says_how_to_get_one(self, me, shelf):
        shelf("Followers")
        text = me.get("/services/?favourites=1").content.decode()
        assert "Press the star" in text
        assert "Nothing fits" not in text

    def test_with_words_beside_it_the_search_is_what_found_nothing(self, me, shelf):
        shelf("Followers")
        assert "Nothing fits" in me.get("/services/?favourites=1&q=zzz").content.decode()

    def test_for_a_visitor_it_filters_nothing(self, client, shelf):
        shelf("Followers")
        assert names(client.get("/services/?favourites=1")) == ["Followers"]


class TestLookedAtLately:
    def test_the_newest_comes_first_and_each_once(self, client, shelf):
        first, second = shelf("First"), shelf("Second")
        for service in (first, second, first):
            client.get(reverse("orders:service", args=[service.pk]))
        assert client.get(reverse("catalog:list")).context["viewed"] == [first, second]

    def test_it_stays_short_however_much_is_looked_at(self, client, shelf):
        for number in range(viewed.MOST + 5):
            client.get(reverse("orders:service", args=[shelf(f"Service {number}").pk]))
        assert len(client.cookies[viewed.COOKIE].value.split(".")) == viewed.MOST

    @pytest.mark.parametrize("cookie", ["x.y", "1..2", "9" * 400, "-1.%.1e9", "", "." * 500])
    def test_a_cookie_that_was_tampered_with_is_no_error(self, client, shelf, cookie):
        shelf("Followers")
        client.cookies[viewed.COOKIE] = cookie
        assert client.get(reverse("catalog:list")).status_code == HTTPStatus.OK
        assert client.get(reverse("front")).status_code == HTTPStatus.OK

    def test_what_left_the_shelf_leaves_it_too(self, client, shelf):
        service = shelf("Followers")
        client.get(reverse("orders:service", args=[service.pk]))
        service.hidden = True
        service.save()
        assert client.get(reverse("catalog:list")).context["viewed"] == []
