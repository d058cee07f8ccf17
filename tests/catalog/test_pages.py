"""The front page and the catalogue, as visitors read them."""

import re
from decimal import Decimal
from http import HTTPStatus

import pytest
from django.urls import reverse

from catalog import shown
from catalog.models import Category, Service

MOST_QUERIES = 12


def names(response):
    return [service.name for service in response.context["page"]]


def read(client, query="", **headers):
    response = client.get(f"{reverse('catalog:list')}{query}", headers=headers)
    assert response.status_code == HTTPStatus.OK
    return response


class TestTheFrontPage:
    def test_it_says_what_is_sold_and_by_whom(self, client, shelf, settings):
        settings.SHOP_NAME = "Corner & Sons"
        shelf("Followers")
        shelf("Mail account", category="Accounts", entity="PRODUCT", unit=1)
        page = client.get(reverse("front")).content.decode()
        assert "Corner &amp; Sons" in page
        assert "Search 2 services" in page
        assert ">Instagram<" in page
        assert reverse("account_signup") in page

    def test_an_empty_shop_has_one_too(self, client, db):
        assert "Nothing is on sale yet" in client.get(reverse("front")).content.decode()

    def test_a_customer_is_not_asked_to_sign_up(self, client, customer):
        client.force_login(customer)
        assert reverse("account_signup") not in client.get(reverse("front")).content.decode()


class TestTheCatalogue:
    def test_a_visitor_sees_prices(self, client, shelf):
        shelf("Followers", price=Decimal("0.6002"))
        shelf("Account", entity="PRODUCT", unit=1, rate=Decimal("0.2"), price=Decimal("0.35"), min=1)
        page = read(client).content.decode()
        assert "$0.6002" in page
        assert "per 1,000" in page
        assert "each" in page

    def test_hidden_and_withdrawn_services_are_not_there(self, client, shelf):
        shelf("Shown")
        shelf("Hidden", hidden=True)
        shelf("Withdrawn", state=Service.State.WITHDRAWN)
        secret = shelf("In a hidden category", category="Secret", subcategory="Part")
        Category.objects.filter(name="Secret").update(hidden=True)
        for query in ("", f"&subcategory={secret.subcategory_id}"):
            text = read(client, f"?category={secret.category_id}{query}").content.decode()
            assert "Nothing on sale here" in text
            assert "Secret" not in text
        response = read(client)
        assert names(response) == ["Shown"]
        assert "Secret" not in response.content.decode()

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("?q=FOLLOW", ["Followers"]),
            ("?q=mail insta", []),
            ("?q=%EF%BC%A6ollowers", ["Followers"]),
            ("?kind=product", ["Mail account"]),
            ("?in_stock=1", ["Followers", "Likes"]),
            ("?auto=1", ["Likes", "Mail account"]),
            ("?refill=1", ["Followers"]),
            ("?cancel=1", ["Likes"]),
            ("?refill=1&cancel=1", []),
            ("?sort=-price", ["Mail account", "Likes", "Followers"]),
            ("?sort=price", ["Followers", "Likes", "Mail account"]),
            ("?sort=new", ["Mail account", "Likes", "Followers"]),
        ],
    )
    def test_search_filters_and_sort_live_in_the_address(self, client, shelf, query, found):
        shelf("Followers", refill=True, auto_delivery=False, price=Decimal("0.6"))
        shelf("Likes", cancel=True, price=Decimal("0.7"))
        shelf("Mail account", category="Accounts", entity="PRODUCT", stock=0)
        assert names(read(client, query)) == found

    def test_the_tree_leads_into_categories_and_their_parts(self, client, shelf):
        followers = shelf("Fast followers", subcategory="Followers")
        shelf("Likes", subcategory="Likes")
        shelf("Views", category="TikTok")
        category, part = followers.category_id, followers.subcategory_id
        page = read(client, f"?category={category}")
        assert names(page) == ["Fast followers", "Likes"]
        assert f"?category={category}&amp;subcategory={part}" in page.content.decode()
        assert names(read(client, f"?category={category}&subcategory={part}")) == ["Fast followers"]

    @pytest.mark.parametrize(
        "query",
        [
            "?page=abc",
            "?page=-1",
            "?page=99999999999999999999",
            "?category=x&subcategory=y",
            "?category=999999999999999",
            "?category=99999999999999999999999",
            "?sort=nonsense&kind=nonsense",
            "?q=%00%FF%00",
            "?q=" + "x" * 3000,
            "?q=" + "%2B".join(str(n) for n in range(50)),
            "?q=12345678901234567890",
            "?in_stock=&auto=no&page=&category=",
            "?q=%25_%27%22%3Cscript%3E",
        ],
    )
    def test_a_bad_query_is_no_error(self, client, shelf, query):
        shelf("Followers")
        read(client, query)
        read(client, query, hx_request="true")

    def test_what_the_vendor_wrote_shows_as_text(self, client, shelf):
        shelf("<script>alert(1)</script>", category="<b>bold</b>", subcategory='"><img src=x>')
        category = Category.objects.get()
        for page in [client.get(reverse("front")), read(client), read(client, f"?category={category.pk}")]:
            text = page.content.decode()
            assert "<script>alert" not in text
            assert "<b>bold" not in text
            assert "<img" not in text
            assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text

    def test_what_was_searched_shows_as_text(self, client, shelf):
        text = read(client, '?q="><script>alert(1)</script>').content.decode()
        assert "<script>alert" not in text
        assert "Nothing fits" in text

    def test_nothing_found_offers_a_way_out_that_stays_in_the_category(self, client, shelf):
        service = shelf("Followers")
        text = read(client, f"?category={service.category_id}&q=zzz&refill=1").content.decode()
        assert f'href="/services/?category={service.category_id}">Clear the search' in text


class TestPartsOfThePage:
    def test_htmx_gets_the_list_without_its_frame(self, client, shelf):
        shelf("Followers")
        response = read(client, "?q=foll", hx_request="true")
        text = response.content.decode()
        assert "<html" not in text
        assert "Followers" in text
        assert 'id="tree" hx-swap-oob="true"' in text
        assert "HX-Request" in response["Vary"]
        assert "HX-Request" in read(client)["Vary"]

    def test_the_pushed_address_is_the_shortest(self, client, shelf):
        response = read(client, "?q=foll&kind=&sort=&category=", hx_request="true")
        assert response["HX-Push-Url"] == "/services/?q=foll"
        assert read(client, "?q=&kind=", hx_request="true")["HX-Push-Url"] == "/services/"

    def test_typing_on_makes_no_step_of_history(self, client, shelf):
        response = read(client, "?q=follow", hx_request="true", hx_current_url="http://testserver/services/?q=foll")
        assert response["HX-Replace-Url"] == "/services/?q=follow"
        assert "HX-Push-Url" not in response

    @pytest.mark.parametrize("page", ["http://[::1", "nonsense", "https://elsewhere.example/?q=f"])
    def test_a_page_behind_that_is_no_address_of_ours_is_no_error(self, client, shelf, page):
        response = read(client, "?q=follow", hx_request="true", hx_current_url=page)
        assert response["HX-Push-Url"] == "/services/?q=follow"
        part = client.get("/orders/", headers={"hx_request": "true", "hx_current_url": page})
        assert part["HX-Redirect"].startswith("/accounts/login/")

    def test_pages_keep_the_search(self, client, shelf, monkeypatch):
        monkeypatch.setattr(shown, "PER_PAGE", 2)
        for number in range(5):
            shelf(f"Followers {number}")
        response = read(client, "?q=followers&page=2")
        assert names(response) == ["Followers 2", "Followers 3"]
        text = response.content.decode()
        assert re.search(r'rel="next" href="\?q=followers&amp;page=3"', text)
        assert "3–4 of 5" in text


class TestQuickness:
    @pytest.mark.parametrize("part", ["", "?category={0}", "?category={0}&subcategory={1}", "?subcategory={1}"])
    def test_what_the_tree_counted_is_what_is_found(self, client, shelf, part):
        first = shelf("Followers", subcategory="S")
        shelf("Hidden", hidden=True, subcategory="S")
        shelf("Likes")
        shelf("Views", category="TikTok")
        response = read(client, part.format(first.category_id, first.subcategory_id))
        assert response.context["page"].paginator.count == len(names(response)) > 0

    def test_the_number_of_queries_does_not_grow(self, client, shelf, customer, django_assert_max_num_queries):
        client.force_login(customer)
        for number in range(3):
            shelf(f"Followers {number}", category=f"C{number}", subcategory="S")
        category = Category.objects.first()
        with django_assert_max_num_queries(MOST_QUERIES) as few:
            read(client, f"?category={category.pk}&q=followers&in_stock=1")
        for number in range(80):
            shelf(f"More followers {number}", category=f"C{number % 20}", subcategory=f"S{number}")
        with django_assert_max_num_queries(len(few.captured_queries)) as many:
            read(client, f"?category={category.pk}&q=followers&in_stock=1")
        counts = [query["sql"] for query in many.captured_queries if query["sql"].startswith("SELECT COUNT(*)")]
        assert len(counts) <= 1
