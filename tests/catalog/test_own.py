"""What an operator says of a service: it holds everywhere, outlives syncs, and never sells below cost."""

from decimal import Decimal

import pytest
from django.utils import timezone, translation

from api import goods
from catalog import hide
from catalog.changes import to_see
from catalog.floored import KEY
from catalog.models import Category, MarkupRule, PriceChange, Service, ShelfChange
from catalog.override import TooLow, override
from catalog.rename import renamed
from catalog.reprice import reprice
from catalog.search import Wanted, find, on_shelf
from catalog.sync import sync_catalog
from catalog.terms import Terms, quote_for
from core.models import Alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule(db):
    MarkupRule.objects.all().delete()
    return MarkupRule.objects.create(percent=Decimal(50), minimum_margin=Decimal("0.1"))


def say(service, now, **wish):
    override(wishes={service.pk: wish}, now=now)
    service.refresh_from_db()
    return service


def test_what_was_said_outlives_a_sync_and_the_vendors_words_come_back(sandbox, client, now):
    sync_catalog()
    service = Service.objects.filter(entity="SMM").order_by("pk").first()
    vendors = (service.name, service.category_id, service.subcategory_id, service.price)
    ours = Category.objects.create(name="Favourites of ours", name_zh="精选")
    wish = {"own_name": "Zebra likes", "name_zh": "斑马赞", "own_category_id": ours.pk, "own_price": Decimal(90)}
    say(service, now, **wish, description="Slow but real.", position=1)
    sandbox.set_service(service.upstream_id, rate=service.rate * 2)
    sync_catalog()
    service.refresh_from_db()
    assert (service.name, service.category, service.subcategory, service.price) == ("Zebra likes", ours, None, 90)
    assert service.vendor_name == vendors[0]
    assert PriceChange.objects.filter(service=service).exists()
    assert list(find(Wanted(words="zebra 精选"))) == [service]
    assert find(Wanted(category_id=ours.pk)).first() == service
    row = goods.one(service.pk)
    assert (row.name, row.category, row.price) == ("Zebra likes", ours.name, 90)
    with translation.override("zh-hans"):
        assert (service.title, service.category.title) == ("斑马赞", "精选")
    page = client.get(f"/services/{service.pk}/").content.decode()
    assert "Zebra likes" in page
    assert "Slow but real." in page
    say(service, now, own_name="", own_category_id=None, own_price=None)
    assert (service.name, service.category_id, service.subcategory_id) == vendors[:3]


def test_an_own_price_below_cost_and_margin_is_refused_and_nothing_is_written(shelf, rule, now):
    services = [shelf("One"), shelf("Two", rate=Decimal(2), price=Decimal(3))]
    with pytest.raises(TooLow) as refused:
        override(wishes={each.pk: {"own_price": Decimal("0.3")} for each in services}, now=now)
    assert refused.value.least == Decimal("2.1")
    assert not Service.objects.filter(own_price__isnull=False).exists()


def test_an_own_price_that_cost_overtakes_gives_way_and_operators_hear_of_it(shelf, rule, now):
    service = say(shelf("One"), now, own_price=Decimal("0.7"))
    assert (service.price, quote_for(service, 1000, Terms()).charge) == (Decimal("0.7"), Decimal("0.7"))
    assert not Alert.objects.filter(key=KEY).exists()
    Service.objects.update(rate=Decimal("0.65"))
    reprice(now=now)
    service.refresh_from_db()
    assert (service.own_price, service.price) == (Decimal("0.7"), Decimal("0.75"))
    assert Alert.objects.filter(key=KEY, resolved_at=None).exists()
    say(service, now, own_price=Decimal("0.8"))
    assert not Alert.objects.filter(key=KEY, resolved_at=None).exists()


def test_steps_leave_an_own_price_alone_and_a_groups_rule_wins_over_it(shelf, rule, now):
    from accounts.models import CustomerGroup

    rule.steps.create(from_quantity=1000, percent=40)
    group = CustomerGroup.objects.create(name="Resellers")
    service = say(shelf("One"), now, own_price=Decimal("0.66"))
    assert [each.price for each in Terms().prices_from(service)] == [Decimal("0.66")]
    MarkupRule.objects.create(group=group, percent=30)
    assert Terms(group.pk).price(service) == Decimal("0.65")


def test_the_places_stand_first_and_a_rename_finds_its_words(shelf, now):
    for name in ("A", "B", "C cheap"):
        shelf(name)
    last = Service.objects.get(name="C cheap")
    say(last, now, position=1)
    assert [each.name for each in find(Wanted())] == ["C cheap", "A", "B"]
    (row,) = renamed(Service.objects.all(), find=" cheap", replace="", chinese=False)
    say(last, now, **row.wish)
    assert (last.name, last.own_name) == ("C", "C")
    (row,) = renamed(Service.objects.filter(pk=last.pk), find="C", replace="C cheap", chinese=False)
    assert row.wish == {"own_name": ""}


def test_new_services_are_held_where_it_is_said_and_are_news_once_shown(sandbox, settings, now):
    sync_catalog()
    settings.NEW_SERVICES = "hold"
    first, second = Service.objects.order_by("upstream_id")[:2]
    shown = second.category
    Category.objects.filter(pk=shown.pk).update(new_services="show")
    gone = [first.pk] + ([second.pk] if second.category_id != first.category_id else [])
    ShelfChange.objects.all().delete()
    Service.objects.filter(pk__in=gone).delete()
    sync_catalog()
    held = Service.objects.get(upstream_id=first.upstream_id)
    is_held = first.category_id != shown.pk
    assert (held.held, held.hidden) == (is_held, is_held)
    Service.objects.filter(pk=held.pk).update(held=True, hidden=True)
    ShelfChange.objects.all().delete()
    assert held not in on_shelf()
    assert hide.show(service_ids=[held.pk], now=timezone.now()) == 1
    assert held in on_shelf()
    assert [each.kind for each in to_see()] == ["NEW"]
