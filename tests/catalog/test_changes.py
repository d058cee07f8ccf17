"""What customers hear of the shelf: our own prices as they change, what comes and goes, and nothing that is hidden."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from catalog import changes
from catalog.models import Category, MarkupRule, Service, ShelfChange
from catalog.reprice import reprice
from catalog.resume import resume
from catalog.suspend import suspend
from catalog.sync import sync_catalog

pytestmark = pytest.mark.django_db
PAGE = "/services/changes/"
FEED = "/services/changes/feed/"
HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def stocked(sandbox):
    """The first sync: a shop that opens."""
    sync_catalog()
    return sandbox


def kinds():
    return list(ShelfChange.objects.order_by("pk").values_list("kind", flat=True))


class TestWhatIsWritten:
    def test_a_shop_that_opens_has_no_news(self, stocked):
        assert Service.objects.exists()
        assert kinds() == []

    def test_a_sync_tells_prices_and_what_came_went_and_came_back(self, stocked):
        moved, gone, new = Service.objects.order_by("pk")[:3]
        other = Service.objects.order_by("pk")[3]
        Service.objects.filter(pk=moved.pk).update(rate=moved.rate / 2, price=moved.price / 2)
        Service.objects.filter(pk=gone.pk).update(state="WITHDRAWN")
        new.delete()
        Service.objects.create(
            upstream_id=999_999,
            name="Not there any more",
            entity="SMM",
            category=other.category,
            rate=1,
            price=2,
            unit=1000,
            min=1,
            max=2,
            search_text="x",
            first_seen_at=other.first_seen_at,
            changed_at=other.changed_at,
        )
        sync_catalog()
        told = {change.kind: change for change in ShelfChange.objects.all()}
        assert sorted(kinds()) == ["BACK", "GONE", "NEW", "PRICE"]
        assert told["BACK"].service == gone
        assert told["NEW"].service.upstream_id == new.upstream_id
        assert told["GONE"].service.name == "Not there any more"
        price = told["PRICE"]
        assert (price.service, price.old_price, price.new_price) == (moved, moved.price / 2, moved.price)
        sync_catalog()
        assert len(kinds()) == 4

    def test_a_new_markup_tells_only_what_is_on_sale_and_really_moved(self, stocked, now):
        off = Service.objects.order_by("pk").first()
        Service.objects.filter(pk=off.pk).update(state="WITHDRAWN")
        rule = MarkupRule.objects.get(category=None, subcategory=None, service=None)
        rule.percent += 10
        rule.save()
        changed = reprice(now=now)
        assert set(kinds()) == {"PRICE"}
        assert len(kinds()) == changed - 1
        assert not ShelfChange.objects.filter(service=off).exists()

    def test_taken_off_sale_and_put_back_are_told(self, stocked, now):
        service = Service.objects.first()
        suspend(service_id=service.pk, why="cost", now=now)
        suspend(service_id=service.pk, why="cost", now=now)
        resume(service_id=service.pk, now=now)
        assert kinds() == ["GONE", "BACK"]

    def test_a_price_has_an_old_and_a_new_one(self, stocked, now):
        service = Service.objects.first()
        with pytest.raises(IntegrityError), transaction.atomic():
            ShelfChange.objects.create(service=service, category=service.category, kind="PRICE", at=now)

    def test_old_ones_are_dropped(self, stocked, now):
        changes.note(services=Service.objects.all()[:1], kind="NEW", now=now - timedelta(days=181))
        changes.note(services=Service.objects.all()[:1], kind="NEW", now=now)
        changes.forget(now=now)
        assert len(kinds()) == 1


class TestWhatIsShown:
    @pytest.fixture
    def told(self, stocked, now):
        """Three services: a dearer one, a new one, a withdrawn one."""
        dear, new, gone = Service.objects.select_related("category").order_by("pk")[:3]
        changes.note_prices(moved=[(dear, Decimal("1.11"), Decimal("2.22"))], now=now)
        changes.note(services=[new], kind="NEW", now=now)
        Service.objects.filter(pk=gone.pk).update(state="WITHDRAWN")
        changes.note(services=[gone], kind="GONE", now=now)
        return dear, new, gone

    def shown(self, client, query=""):
        return [row.service for row in client.get(PAGE + query).context["rows"]]

    def test_it_shows_old_and_new_price_newest_first(self, client, told, django_assert_max_num_queries):
        dear, new, gone = told
        with django_assert_max_num_queries(12):
            page = client.get(PAGE)
        assert [row.service for row in page.context["rows"]] == [gone, new, dear]
        text = page.content.decode()
        assert "$1.11" in text
        assert "$2.22" in text
        assert f"/services/{gone.pk}/" not in text

    def test_our_cost_is_nowhere(self, client, told):
        dear, _new, _gone = told
        Service.objects.filter(pk=dear.pk).update(rate=Decimal("0.987654"), price=Decimal("2.22"))
        for address in [PAGE, FEED]:
            assert "0.987654" not in client.get(address).content.decode()

    @pytest.mark.parametrize("how", ["service", "category", "suspended"])
    def test_what_is_not_on_the_shelf_is_not_shown(self, client, told, how):
        dear, _new, _gone = told
        if how == "service":
            Service.objects.filter(pk=dear.pk).update(hidden=True)
        elif how == "category":
            Category.objects.update(hidden=True)
        else:
            Service.objects.filter(pk=dear.pk).update(state="SUSPENDED")
        assert dear not in self.shown(client)
        assert dear.name not in client.get(FEED).content.decode()

    def test_a_category_is_chosen_in_the_address(self, client, told, now):
        other = Category.objects.create(name=f"Other {HOSTILE}")
        assert self.shown(client, f"?category={other.pk}") == []
        Service.objects.filter(pk=told[0].pk).update(category=other)
        changes.note(services=Service.objects.filter(pk=told[0].pk), kind="NEW", now=now)
        assert self.shown(client, f"?category={other.pk}") == [told[0]]
        assert HOSTILE not in client.get(PAGE).content.decode()
        for odd in ["?category=x", "?category=-1", f"?before={'9' * 30}", "?before=%00"]:
            assert client.get(PAGE + odd).status_code == 200

    def test_it_walks_back_and_costs_the_same(self, client, stocked, now, django_assert_max_num_queries):
        service = Service.objects.first()
        for _ in range(120):
            changes.note(services=[service], kind="NEW", now=now)
        seen, query = [], ""
        for _ in range(3):
            with django_assert_max_num_queries(12):
                page = client.get(PAGE + query)
            seen += [row.pk for row in page.context["rows"]]
            query = f"?before={page.context['next_before']}"
        assert len(seen) == len(set(seen)) == 120
        assert seen == sorted(seen, reverse=True)

    def test_the_feed_is_atom_with_links_of_the_shop(self, client, told):
        from xml.etree import ElementTree

        dear, _new, gone = told
        Service.objects.filter(pk=dear.pk).update(name=f"Dear {HOSTILE}")
        answer = client.get(FEED)
        assert answer["content-type"].startswith("application/atom+xml")
        atom = "{http://www.w3.org/2005/Atom}"
        entries = ElementTree.fromstring(answer.content).findall(f"{atom}entry")
        titles = [entry.findtext(f"{atom}title") for entry in entries]
        assert titles[0] == f"No longer offered: {gone.name}"
        assert titles[2] == f"New price: Dear {HOSTILE}"
        assert entries[2].find(f"{atom}link").get("href") == f"http://testserver/services/{dear.pk}/"
        assert "$1.11 → $2.22" in entries[2].findtext(f"{atom}summary")
        assert HOSTILE not in answer.content.decode()
