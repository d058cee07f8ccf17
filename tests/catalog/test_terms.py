"""What a customer pays: rules of a group, steps for large orders, and what never gives way to either."""

from decimal import Decimal

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import CustomerGroup
from catalog.models import Category, MarkupRule, PriceChange, PriceStep, Service
from catalog.pricing import Figures, Step, discounted, price_of, quote
from catalog.reprice import reprice
from catalog.terms import PriceFrom, Terms, quote_for

MOST_QUERIES = 12


def micros(low, high):
    return st.integers(low, high).map(lambda n: Decimal(n).scaleb(-6))


percents = st.decimals(0, 500, places=2)
figures = st.builds(
    Figures,
    percent=percents,
    fixed=micros(0, 10**7),
    minimum_margin=micros(0, 10**7),
    rounding=st.sampled_from([Decimal(t) for t in ("0.000001", "0.0001", "0.01", "1")]),
    steps=st.dictionaries(st.integers(2, 10**6), percents, max_size=5).map(
        lambda steps: tuple(Step(quantity, steps[quantity]) for quantity in sorted(steps))
    ),
)


class TestFigures:
    @given(
        rate=micros(1, 10**10),
        rule=figures,
        quantity=st.integers(1, 10**7),
        unit=st.sampled_from([1, 1000, 7]),
        percent=st.decimals(0, 100, places=2),
        fixed=micros(0, 10**10),
    )
    def test_no_step_and_no_code_leads_below_cost_and_minimum_margin(self, rate, rule, quantity, unit, percent, fixed):
        offer = quote(
            service_id=1,
            quantity=quantity,
            rate=rate,
            price=price_of(rate, rule.at(quantity)),
            unit=unit,
            minimum_margin=rule.minimum_margin,
        )
        cheaper = discounted(offer, percent=percent, fixed=fixed)
        for each in (offer, cheaper):
            assert each.charge * unit >= (rate + rule.minimum_margin) * quantity
            assert each.charge >= each.cost > 0
            assert each.charge % Decimal("0.0001") == 0
        assert cheaper.charge + cheaper.discount == offer.charge
        assert cheaper.discount >= 0

    @given(rate=micros(1, 10**10), rule=figures, quantity=st.integers(1, 10**7), more=st.integers(0, 10**7))
    def test_where_steps_fall_as_entered_more_is_never_dearer_a_piece(self, rate, rule, quantity, more):
        falling, before = [], rule.percent
        for step in rule.steps:
            before = min(before, step.percent)
            falling.append(Step(step.from_quantity, before))
        rule = Figures(rule.percent, rule.fixed, rule.minimum_margin, rule.rounding, tuple(falling))
        assert price_of(rate, rule.at(quantity + more)) <= price_of(rate, rule.at(quantity))

    def test_a_step_holds_from_its_quantity_on(self):
        rule = Figures(Decimal(50), steps=(Step(100, Decimal(30)), Step(1000, Decimal(10))))
        percents = [rule.at(quantity).percent for quantity in (99, 100, 999, 1000, 10**9)]
        assert percents == [50, 30, 30, 10, 10]


@pytest.fixture
def group(db):
    return CustomerGroup.objects.create(name="Resellers")


@pytest.fixture
def member(stranger, group):
    stranger.group = group
    stranger.save()
    return stranger


@pytest.fixture
def service(db, now):
    MarkupRule.objects.all().delete()
    MarkupRule.objects.create(percent=Decimal(50))
    return Service.objects.create(
        upstream_id=1,
        name="Followers",
        entity="SMM",
        category=Category.objects.create(name="Instagram"),
        rate=Decimal(1),
        price=Decimal("1.5"),
        unit=1000,
        min=100,
        max=100_000,
        search_text="followers",
        first_seen_at=now,
        changed_at=now,
    )


def cheaper_for(group, percent=20, **more):
    return MarkupRule.objects.create(percent=Decimal(percent), group=group, **more)


@pytest.mark.django_db
class TestTerms:
    def test_a_rule_of_the_group_wins_over_a_narrower_general_one(self, service, member, group, customer):
        MarkupRule.objects.create(percent=Decimal(100), service=service)
        cheaper_for(group)
        reprice(now=service.changed_at)
        service.refresh_from_db()
        assert service.price == 2
        assert Terms.of(customer).price(service) == 2
        assert Terms.of(member).price(service) == Decimal("1.2")
        assert quote_for(service, 1000, Terms.of(member)).charge == Decimal("1.2")

    def test_of_the_group_s_rules_the_narrowest_wins_and_inactive_ones_none(self, service, member, group):
        cheaper_for(group, 40, category=service.category)
        cheaper_for(group, 10, service=service, active=False)
        cheaper_for(group, 45)
        assert Terms.of(member).price(service) == Decimal("1.4")

    def test_where_the_group_has_no_rule_that_fits_the_general_price_holds(self, service, member, group):
        cheaper_for(group, category=Category.objects.create(name="Other"))
        assert Terms.of(member).price(service) == service.price
        assert Terms.of(member).quote(service, 1000).charge == service.price

    def test_another_groups_rule_is_nobody_elses(self, service, member):
        cheaper_for(CustomerGroup.objects.create(name="Others"), 1)
        assert Terms.of(member).price(service) == service.price

    def test_steps_make_a_table_of_prices(self, service, customer):
        rule = MarkupRule.objects.get()
        for quantity, percent in [(50, 49), (1000, 40), (5000, 40), (10_000, 20), (200_000, 5)]:
            PriceStep.objects.create(rule=rule, from_quantity=quantity, percent=Decimal(percent))
        prices = Terms.of(customer).prices_from(service)
        assert prices == [
            PriceFrom(100, Decimal("1.49")),
            PriceFrom(1000, Decimal("1.4")),
            PriceFrom(10_000, Decimal("1.2")),
        ]
        charges = [quote_for(service, quantity, Terms.of(customer)).charge for quantity in (999, 1000, 10_000)]
        assert charges == [Decimal("1.4886"), Decimal("1.4"), Decimal(12)]

    def test_a_step_gives_way_to_the_minimum_margin(self, service, customer):
        rule = MarkupRule.objects.get()
        MarkupRule.objects.update(minimum_margin=Decimal("0.3"))
        PriceStep.objects.create(rule=rule, from_quantity=1000, percent=Decimal(0))
        assert quote_for(service, 1000, Terms.of(customer)).charge == Decimal("1.3")

    def test_a_groups_rule_has_steps_of_its_own(self, service, member, group):
        PriceStep.objects.create(rule=MarkupRule.objects.get(), from_quantity=1000, percent=Decimal(1))
        PriceStep.objects.create(rule=cheaper_for(group), from_quantity=5000, percent=Decimal(10))
        assert [price.price for price in Terms.of(member).prices_from(service)] == [Decimal("1.2"), Decimal("1.1")]

    def test_the_general_price_in_the_row_is_no_business_of_a_group(self, service, group, now):
        cheaper_for(group, 1)
        assert reprice(now=now) == 0
        assert not PriceChange.objects.exists()

    def test_whoever_has_no_group_costs_no_query_in_a_list_and_one_for_quotes(
        self, service, customer, django_assert_num_queries
    ):
        terms = Terms.of(customer)
        with django_assert_num_queries(0):
            assert terms.price(service) == service.price
        with django_assert_num_queries(1):
            terms.learn([service])
            for quantity in (100, 1000):
                terms.quote(service, quantity)
            terms.prices_from(service)

    def test_a_groups_rules_are_read_once(self, service, member, group, django_assert_num_queries):
        cheaper_for(group)
        terms = Terms.of(member)
        with django_assert_num_queries(1):
            for _ in range(3):
                terms.price(service)
                terms.quote(service, 500)


@pytest.mark.django_db
class TestPages:
    def test_the_catalogue_and_the_service_show_each_reader_their_own_price(
        self, service, member, group, customer, client
    ):
        cheaper_for(group)
        pages = [reverse("catalog:list"), reverse("front"), reverse("orders:service", args=[service.pk])]
        for person, price, other in [(None, "1.50", "1.20"), (customer, "1.50", "1.20"), (member, "1.20", "1.50")]:
            if person:
                client.force_login(person)
            for page in pages:
                text = client.get(page).content.decode()
                assert f"${price}" in text, page
                assert f"${other}" not in text, page

    @pytest.mark.parametrize("count", [1, 30])
    def test_a_list_for_a_group_costs_the_same_however_long(
        self, service, member, group, client, count, now, django_assert_max_num_queries
    ):
        cheaper_for(group)
        figures = {"entity": "SMM", "category": service.category, "rate": 1, "price": 2, "unit": 1000, "min": 1}
        Service.objects.bulk_create(
            Service(upstream_id=100 + n, name=f"s{n}", max=9, first_seen_at=now, changed_at=now, **figures)
            for n in range(count)
        )
        client.force_login(member)
        with django_assert_max_num_queries(MOST_QUERIES):
            client.get(reverse("catalog:list"))
