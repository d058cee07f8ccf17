"""What is kept of the catalogue's pages holds nothing of whoever asked before: each reader gets a page of their own."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import CustomerGroup
from catalog import favourites, shown
from catalog.models import Favourite, MarkupRule, Service
from desk.models import Announcement

pytestmark = pytest.mark.django_db
PATHS = ["/services/", "/services/?q=likes", "/services/?sort=price&in_stock=1", "/services/?favourites=1"]
TOKEN = re.compile(r"[A-Za-z0-9]{64}")


@pytest.fixture
def readers(shelf, customer, stranger, operator):
    """A visitor, two customers with prices, languages and stars of their own, and an operator."""
    services = [shelf(f"Likes {number}", subcategory="Photos") for number in range(5)]
    shelf("Comments", category="TikTok")
    group = CustomerGroup.objects.create(name="Gold")
    MarkupRule.objects.create(group=group, percent=Decimal(300))
    stranger.group, stranger.language, stranger.time_zone = group, "zh-hans", "Asia/Shanghai"
    stranger.save()
    Favourite.objects.create(customer=customer, service=services[0])
    Favourite.objects.create(customer=stranger, service=services[3])
    made = {"visitor": Client()}
    for name, person in [("customer", customer), ("stranger", stranger), ("operator", operator)]:
        made[name] = Client()
        made[name].force_login(person)
    for client in made.values():
        client.get("/accounts/login/")  # a browser has its token already
    made["customer"].cookies["theme"] = "dark"
    made["customer"].cookies["viewed"] = str(services[1].pk)
    return made


def page(client, path, **headers):
    answer = client.get(path, headers={"accept": "text/html", **headers})
    assert answer.status_code == 200
    return answer.content.decode()


def forget():
    shown.kept.clear()
    shown.trees.clear()


def plain(text):
    return TOKEN.sub("token", text)


@pytest.mark.parametrize("hx", [{}, {"hx-request": "true"}])
@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_the_same_whoever_asked_before(readers, path, hx):
    alone = {}
    for name, client in readers.items():
        forget()
        alone[name] = plain(page(client, path, **hx))
    forget()
    for _ in range(2):
        for name, client in readers.items():
            assert plain(page(client, path, **hx)) == alone[name], name
    assert len(set(alone.values())) == len(readers)


def test_nothing_of_one_reader_is_in_the_page_of_another(readers, customer, stranger):
    pages = {name: page(client, "/services/") for name, client in readers.items()}
    for name, text in pages.items():
        for person, owner in [(customer, "customer"), (stranger, "stranger")]:
            assert (person.email in text) == (name == owner)
        assert ("$50.00" in text) == (name == "customer")
        assert ('data-theme="dark"' in text) == (name == "customer")
        assert ("Looked at lately" in text) == (name == "customer")
        assert ("Run the shop" in text) == (name == "operator")
    assert "$2.00" in pages["stranger"]
    assert "$2.00" not in pages["customer"]


def test_tokens_are_the_pages_own(readers):
    seen = set()
    for client in [*readers.values(), *readers.values()]:
        tokens = set(TOKEN.findall(page(client, "/services/")))
        assert len(tokens) == 1
        assert not tokens & seen
        seen |= tokens


def test_a_form_of_a_page_that_was_drawn_for_others_is_accepted(readers, customer):
    page(readers["stranger"], "/services/")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(customer)
    [token] = set(TOKEN.findall(page(browser, "/services/")))
    service = Service.objects.get(name="Likes 2")
    answer = browser.post(f"/services/{service.pk}/favourite/", {"csrfmiddlewaretoken": token})
    assert answer.status_code == 302
    assert Favourite.objects.filter(customer=customer, service=service).exists()


def test_balance_stars_and_announcements_are_those_of_now(readers, customer, now):
    from wallet import ledger

    client = readers["customer"]
    assert "$50.00" in page(client, "/services/")
    ledger.adjust(account=ledger.account_of(customer), amount=Decimal(7), key="more", memo="", now=now)
    Favourite.objects.filter(customer=customer).delete()
    Announcement.objects.create(title_en="Closed tomorrow", pinned=True, from_at=now - timedelta(hours=1))
    text = page(client, "/services/")
    assert "$57.00" in text
    assert "Closed tomorrow" in text
    assert not re.search(r'id="star-\d+" aria-pressed="true"', text)
    Announcement.objects.all().delete()
    assert "Closed tomorrow" not in page(client, "/services/")


def test_a_customer_with_many_stars_sees_those_of_the_page(readers, customer, monkeypatch):
    monkeypatch.setattr(favourites, "FEW", 2)
    services = list(Service.objects.filter(name__startswith="Likes").order_by("name"))
    Favourite.objects.bulk_create(Favourite(customer=customer, service=each) for each in services[1:3])
    text = page(readers["customer"], "/services/")
    for place, service in enumerate(services):
        pressed = "true" if place < 3 else "false"
        assert f'id="star-{service.pk}" aria-pressed="{pressed}"' in text


def test_the_tree_keeps_the_words_and_filters_of_each_search(readers):
    for words in ["likes", "a&b=<c>", "likes"]:
        text = page(readers["customer"], "/services/?sort=price&q=" + words.replace("&", "%26").replace("=", "%3D"))
        links = re.findall(r'href="/services/\?([^"]*category=\d+[^"]*)"', text)
        assert len(links) == 2
        quoted = {"likes": "likes", "a&b=<c>": "a%26b%3D%3Cc%3E"}[words]
        assert all(link.startswith(f"q={quoted}&amp;sort=price&amp;category=") for link in links)
        assert f'href="/services/?q={quoted}&amp;sort=price"' in text


def test_what_is_drawn_of_a_page_does_not_grow(readers):
    for _ in range(3):
        for client in readers.values():
            page(client, "/services/")
            page(client, "/services/", **{"hx-request": "true"})
    [kept] = shown.kept._pages.values()
    assert len(kept.rows) <= 4
    assert len(kept.drawn) <= 5 * 2 * 2  # parts of the template, languages, signed in or not
    assert len(kept.tree.drawn) <= 2
