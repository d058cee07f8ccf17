"""Prices of numbers for customer groups: what pages show is what a purchase sets aside."""

from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import CustomerGroup
from catalog import below_cost
from reseller.books import audit
from sms import buy, shelf
from sms.below_cost import GUARD
from sms.models import MarkupRule, Project
from sms.pricing import reprice
from sms.terms import Terms

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12


@pytest.fixture(autouse=True)
def _books(db):
    yield
    assert audit().problems == []


@pytest.fixture
def project(project, now):
    """One that costs 1 USD and is sold for 2 USD."""
    MarkupRule.objects.all().delete()
    MarkupRule.objects.create(percent=Decimal(100))
    Project.objects.filter(pk=project.pk).update(cost=Decimal(1), price=Decimal(2))
    reprice(now=now)
    project.refresh_from_db()
    return project


@pytest.fixture
def group(rich):
    """The customer's group."""
    rich.group = CustomerGroup.objects.create(name="Resellers")
    rich.save()
    return rich.group


def test_a_group_pays_its_own_price_and_others_the_general_one(project, group, rich, stranger, bought):
    MarkupRule.objects.create(group=group, percent=Decimal(25))
    assert (Terms.of(rich).price(project), Terms.of(stranger).price(project)) == (Decimal("1.25"), 2)
    purchase = bought(2)
    assert (purchase.price, purchase.total) == (Decimal("1.25"), Decimal("2.5"))


def test_a_rule_of_the_group_wins_over_a_narrower_general_one_and_the_narrowest_of_its_own_holds(project, group, rich):
    MarkupRule.objects.create(project=project, percent=Decimal(300))
    MarkupRule.objects.create(group=group, percent=Decimal(25))
    assert Terms.of(rich).price(project) == Decimal("1.25")
    MarkupRule.objects.create(group=group, country=project.country, percent=Decimal(50))
    assert Terms.of(rich).price(project) == Decimal("1.5")


def test_the_general_prices_in_the_rows_stay_as_they_are(project, group, now):
    MarkupRule.objects.create(group=group, percent=Decimal(1))
    assert reprice(now=now) == 0


def test_every_page_of_numbers_shows_it(project, group, rich, client):
    MarkupRule.objects.create(group=group, percent=Decimal("23.45"))
    client.force_login(rich)
    shelf.toggle_favourite(customer=rich, project_id=project.pk)
    site = reverse("sms:site", args=[project.site_id])
    for page in (site, reverse("sms:sites"), reverse("sms:project", args=[project.pk])):
        assert "$1.2345" in client.get(page).content.decode(), page
    client.logout()
    assert "$1.2345" not in client.get(site).content.decode()
    assert "$2.00" in client.get(site).content.decode()


def test_the_lowest_price_of_a_site_is_the_readers_own(project, group, rich):
    MarkupRule.objects.create(group=group, percent=Decimal(900))
    found = [site for site in shelf.sites() if site.pk == project.site_id]
    shelf.price_anew(found, Terms.of(rich))
    costs = Project.objects.filter(site=project.site, state="ON_SALE").values_list("cost", flat=True)
    assert found[0].lowest == min(costs) * 10


def test_lists_cost_a_group_a_query_or_two_more(project, group, rich, client, django_assert_max_num_queries):
    MarkupRule.objects.create(group=group, percent=Decimal(25))
    client.force_login(rich)
    for page in (reverse("sms:sites"), reverse("sms:site", args=[project.site_id])):
        with django_assert_max_num_queries(MOST_QUERIES):
            client.get(page)


def test_a_price_that_rose_for_the_group_is_asked_again(project, group, rich, client):
    rule = MarkupRule.objects.create(group=group, percent=Decimal(25))
    client.force_login(rich)
    page = reverse("sms:project", args=[project.pk])
    form = client.get(page).context["form"]
    values = {name: form[name].value() or "" for name in form.fields}
    rule.percent = Decimal(30)
    rule.save()
    answer = client.post(page, values)
    assert "from $1.25 to $1.30" in answer.content.decode()
    assert answer.context["form"]["shown_price"].value() == "1.30"


def test_one_that_was_sold_at_the_groups_margin_is_held_only_when_its_cost_rose(project, group, bought):
    MarkupRule.objects.update(minimum_margin=Decimal("0.5"))
    MarkupRule.objects.create(group=group, percent=Decimal(1), minimum_margin=Decimal("0.01"))
    purchase = bought()
    assert below_cost.loss(GUARD, purchase) == 0
    Project.objects.filter(pk=project.pk).update(cost=Decimal("1.02"), price=Decimal(3))
    purchase = type(purchase).objects.get(pk=purchase.pk)
    assert below_cost.loss(GUARD, purchase) == Decimal("0.02")


def test_agreeing_to_the_general_price_is_agreeing_to_less(project, group, bought):
    MarkupRule.objects.create(group=group, percent=Decimal(25))
    assert bought(shown_price=Decimal(2)).price == Decimal("1.25")
    with pytest.raises(buy.PriceChanged):
        bought(shown_price=Decimal("1.24"))
