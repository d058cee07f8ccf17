"""The search in memory finds what the database would, and what is sold is the database's to say."""

import random

import pytest

from catalog import index, shown
from catalog.models import Category, Service
from catalog.search import Wanted, find

pytestmark = pytest.mark.django_db

WORDS = ["likes", "Follower", "ÄRA", "美国", "99", "ﬁne", "instant", "x"]


@pytest.fixture
def many(shelf):
    draw = random.Random(3)
    for number in range(60):
        shelf(f"{' '.join(draw.sample(WORDS, 3))} {number}", category=draw.choice(["Insta", "Tele"]))
    Service.objects.filter(pk__in=draw.sample(range(1, 60), 5)).update(hidden=True)
    Category.objects.filter(name="Tele").update(hidden=True)
    return Service.objects.order_by("pk")


def test_it_finds_what_the_database_finds_in_the_same_order(many):
    texts = [*WORDS, "likes x", "LIKES insta", "9", "fine", "nothing at all", "ä", "tele", str(many[20].pk), "in sta"]
    texts += [str(each.pk) for each in many[:12]]
    for text in texts:
        wanted = Wanted(words=text)
        assert index.find(wanted.folded) == list(find(wanted).values_list("pk", flat=True)), text


def test_a_change_is_found_at_once_in_a_shop_that_is_read_quickly(many, client):
    assert "likes" in client.get("/services/", {"q": "likes"}).content.decode()
    Service.objects.update(search_text="hearts", name="Hearts")
    assert index.find(["likes"]) == []
    assert "Hearts" in client.get("/services/", {"q": "hear"}).content.decode()


def test_in_a_big_shop_reading_takes_a_tenth_of_the_time_and_what_is_gone_is_not_shown(many, client, monkeypatch):
    monkeypatch.setattr(index, "QUICK", -1.0)
    found = index.find(["likes"])
    gone = Service.objects.get(pk=found[0])
    known = index.index._texts
    monkeypatch.setattr(index, "GOOD_FOR", 1_000_000)
    Service.objects.filter(pk=gone.pk).update(hidden=True)
    assert index.find(["likes"]) == found, "it is as it was read"
    text = client.get("/services/", {"q": "likes"}).content.decode()
    assert f"/services/{gone.pk}/" not in text
    assert f"/services/{found[1]}/" in text
    monkeypatch.setattr(index, "GOOD_FOR", 0)
    assert index.find(["likes"]) == found[1:]
    assert index.index._texts is not known


def test_nobody_waits_while_another_reads(many, monkeypatch):
    found = index.find(["likes"])
    Service.objects.update(search_text="other")
    with index.index._reading:
        assert index.find(["likes"]) == found
    assert index.find(["likes"]) == []


def test_a_page_of_an_index_that_is_behind_is_not_kept(many, client):
    index.find(["likes"])
    Service.objects.update(search_text="hearts", name="Hearts")
    with index.index._reading:
        assert "Hearts" not in client.get("/services/", {"q": "hear"}).content.decode()
    assert "Hearts" in client.get("/services/", {"q": "hear"}).content.decode()


def test_what_was_found_is_not_kept_with_its_first_page(many):
    page = shown.look(Wanted(words="likes"), "").page
    assert page.paginator.count == len(index.find(["likes"]))
    assert not page.paginator.object_list
    assert page.end_index() == page.paginator.count
