"""Prices never fall below cost, charges never round in the wrong direction."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import (
    Figures,
    NoMarkup,
    RuleBook,
    Step,
    cost_of,
    discounted,
    fits_cost,
    is_floored,
    least_price,
    price_of,
    quote,
    share,
    shortfall,
)


@dataclass(frozen=True)
class Rule:
    percent: Decimal = Decimal(0)
    fixed: Decimal = Decimal(0)
    minimum_margin: Decimal = Decimal(0)
    rounding: Decimal = Decimal("0.0001")
    service_id: int | None = None
    subcategory_id: int | None = None
    category_id: int | None = None


def micros(low, high):
    return st.integers(low, high).map(lambda n: Decimal(n).scaleb(-6))


rules = st.builds(
    Rule,
    percent=st.decimals(0, 500, places=2),
    fixed=micros(0, 10**7),
    minimum_margin=micros(0, 10**7),
    rounding=st.sampled_from([Decimal(t) for t in ("0.000001", "0.0001", "0.01", "0.05", "1")]),
)


@pytest.mark.parametrize(
    ("rate", "rule", "price"),
    [
        ("0.50", Rule(percent=Decimal(20)), "0.6000"),
        ("25", Rule(percent=Decimal(10), rounding=Decimal("0.5")), "27.5"),
        ("25", Rule(percent=Decimal(10), fixed=Decimal("0.01"), rounding=Decimal("0.5")), "28.0"),
        ("0.10", Rule(percent=Decimal(10), minimum_margin=Decimal("0.05")), "0.1500"),
        ("0.000001", Rule(percent=Decimal(1)), "0.0001"),
        ("0.5", NoMarkup(), "0.5"),
    ],
)
def test_a_rule_makes_a_price(rate, rule, price):
    assert price_of(Decimal(rate), rule) == Decimal(price)


@pytest.mark.parametrize(("own", "price"), [("0.7", "0.7"), ("0.123456", "0.55"), ("0.55", "0.55")])
def test_an_own_price_holds_where_it_is_enough(own, price):
    rule = Rule(percent=Decimal(900), minimum_margin=Decimal("0.05"))
    assert price_of(Decimal("0.50"), rule, own=Decimal(own)) == Decimal(price)
    assert least_price(Decimal("0.50"), rule) == Decimal("0.55")


@pytest.mark.parametrize(
    ("percent", "fixed", "floored"),
    [("10", "0", True), ("15", "0", False), ("14.99", "0", True), ("10", "0.05", False), ("0", "0.14", True)],
)
def test_a_rule_that_leaves_less_than_its_minimum_margin_is_floored(percent, fixed, floored):
    rule = Rule(percent=Decimal(percent), fixed=Decimal(fixed), minimum_margin=Decimal("0.15"))
    assert is_floored(Decimal(1), rule) is floored


@pytest.mark.parametrize(
    ("quantity", "percent"), [(1, 50), (99, 50), (100, 40), (499, 40), (500, 30), (501, 30), (10_000, 20)]
)
def test_the_last_step_that_an_order_reaches_counts(quantity, percent):
    steps = tuple(Step(at, Decimal(less)) for at, less in [(100, 40), (500, 30), (1000, 20)])
    rule = Figures(percent=Decimal(50), fixed=Decimal("0.1"), steps=steps)
    assert rule.at(quantity).percent == percent
    assert rule.at(quantity).fixed == Decimal("0.1")


@given(rate=micros(1, 10**10), rule=rules)
def test_a_price_is_never_below_cost_and_minimum_margin(rate, rule):
    price = price_of(rate, rule)
    assert price >= rate + rule.minimum_margin
    assert price >= rate * (1 + rule.percent / 100) + rule.fixed
    assert price == price.quantize(Decimal("0.000001"))
    assert price < max(rate * (1 + rule.percent / 100) + rule.fixed, rate + rule.minimum_margin) + max(
        rule.rounding, Decimal("0.000001")
    ) + Decimal("0.000001")


@given(rate=micros(1, 10**10), rule=rules, quantity=st.integers(1, 10**7), unit=st.sampled_from([1, 1000, 7]))
def test_a_charge_is_never_below_its_cost(rate, rule, quantity, unit):
    offer = quote(service_id=1, quantity=quantity, rate=rate, price=price_of(rate, rule), unit=unit)
    assert offer.charge * unit >= rate * quantity
    assert offer.charge % Decimal("0.0001") == 0
    assert offer.cost * unit >= rate * quantity


def test_a_thousand_of_a_service_and_one_product():
    assert quote(service_id=1, quantity=1500, rate=Decimal("0.5"), price=Decimal("0.6"), unit=1000).charge == Decimal(
        "0.9"
    )
    assert quote(service_id=1, quantity=3, rate=Decimal(25), price=Decimal("27.5"), unit=1).charge == Decimal("82.5")


def test_the_smallest_order_of_the_cheapest_service_still_costs_something():
    assert quote(service_id=1, quantity=1, rate=Decimal("0.000001"), price=Decimal("0.0001"), unit=1000).charge > 0


def test_an_offer_has_its_cost_to_the_micro_and_what_it_must_bring_to_the_step():
    offer = quote(
        service_id=1,
        quantity=7,
        rate=Decimal("0.5"),
        price=Decimal("0.6"),
        unit=1000,
        minimum_margin=Decimal("0.05"),
    )
    assert (offer.cost, offer.charge, offer.least) == (Decimal("0.003500"), Decimal("0.0042"), Decimal("0.0039"))
    assert cost_of(offer, 7) == offer.cost
    assert offer.discount == 0


@pytest.mark.parametrize(
    ("percent", "fixed", "charge"),
    [
        ("0", "0", "10"),
        ("15", "0", "8.5"),
        ("0", "1.25", "8.75"),
        ("15", "1.25", "7.25"),
        ("33.3333", "0", "6.6667"),
        ("90", "0", "6"),
        ("0", "20", "6"),
    ],
)
def test_a_discount_comes_off_as_far_as_the_least_allows(percent, fixed, charge):
    offer = quote(service_id=1, quantity=1, rate=Decimal(5), price=Decimal(10), unit=1, minimum_margin=Decimal(1))
    less = discounted(offer, percent=Decimal(percent), fixed=Decimal(fixed))
    assert less.charge == Decimal(charge)
    assert less.discount == 10 - Decimal(charge)
    assert discounted(less).discount == less.discount


def test_a_discount_never_raises_what_was_offered():
    offer = quote(service_id=1, quantity=1, rate=Decimal(5), price=Decimal(6), unit=1, minimum_margin=Decimal(3))
    assert offer.least == 8
    less = discounted(offer, percent=Decimal(10))
    assert (less.charge, less.discount) == (6, 0)


@pytest.mark.parametrize(
    ("charge", "missing"), [("11", "0"), ("10.999999", "0.000001"), ("9.5", "1.5"), ("12", "0"), ("0", "11")]
)
def test_a_shortfall_is_what_lacks_of_cost_and_minimum_margin(charge, missing):
    rule = Rule(minimum_margin=Decimal("0.5"))
    found = shortfall(charge=Decimal(charge), quantity=2000, rate=Decimal(5), unit=1000, rule=rule)
    assert found == Decimal(missing)


@pytest.mark.parametrize(
    ("charge", "fits"),
    [
        *(("10", True), ("10.21", True), ("10.210001", False)),
        *(("9.79", True), ("9.789999", False), ("0", False)),
    ],
)
def test_the_vendor_may_round_by_a_cent_and_two_in_a_hundred(charge, fits):
    assert fits_cost(Decimal(charge), Decimal(10)) is fits


def test_one_piece_has_its_share():
    assert share(Decimal(3), part=1, whole=3) == 1
    assert share(Decimal("0.000001"), part=1, whole=1000) == Decimal("0.000001")
    assert share(Decimal("0.01"), part=1, whole=3, step=Decimal("0.001")) == Decimal("0.004")
    assert share(Decimal("0.0015"), part=2, whole=3, step=Decimal("0.001")) == Decimal("0.001")
    assert share(Decimal("0.0015"), part=3, whole=3, step=Decimal("0.001")) == Decimal("0.0015")


@given(total=micros(1, 10**12), whole=st.integers(1, 10**9), part=st.integers(-5, 10**9 + 5))
def test_a_share_is_exact_to_a_micro_and_never_more_than_the_whole(total, whole, part):
    paid = share(total, part=part, whole=whole)
    assert 0 <= paid <= total
    if part <= 0:
        assert paid == 0
    elif part >= whole:
        assert paid == total
    else:
        assert paid * whole >= total * part
        assert (paid - Decimal("0.000001")) * whole < total * part


def test_the_narrowest_rule_wins():
    book = RuleBook(
        [
            Rule(percent=Decimal(1)),
            Rule(percent=Decimal(2), category_id=5),
            Rule(percent=Decimal(3), subcategory_id=6),
            Rule(percent=Decimal(4), service_id=7),
        ]
    )

    def percent(**ids):
        return book.rule_for(**{"service_id": None, "subcategory_id": None, "category_id": 0, **ids}).percent

    assert percent() == 1
    assert percent(category_id=5) == 2
    assert percent(category_id=5, subcategory_id=6) == 3
    assert percent(category_id=5, subcategory_id=6, service_id=7) == 4
    assert percent(category_id=9, subcategory_id=9, service_id=9) == 1


def test_a_groups_own_rule_wins_over_a_narrower_general_one():
    @dataclass(frozen=True)
    class Own(Rule):
        group_id: int | None = None

    general = Own(percent=Decimal(4), service_id=7)
    book = RuleBook([general, Own(percent=Decimal(1)), Own(percent=Decimal(9), group_id=3)])
    ids = {"service_id": 7, "subcategory_id": None, "category_id": 1}

    assert book.rule_for(group_id=3, **ids).percent == 9
    assert book.rule_for(group_id=8, **ids) is general
    assert book.rule_for(**ids) is general
    assert book.find(3, **ids).percent == 9
    assert book.find(8, **ids) is None


def test_nothing_is_added_where_no_rule_is():
    nothing = (0, 0, 0, Decimal("0.000001"))
    for rule in (NoMarkup(), Figures(percent=Decimal(0))):
        assert (rule.percent, rule.fixed, rule.minimum_margin, rule.rounding) == nothing


def test_without_any_rule_the_price_is_the_cost():
    assert RuleBook([]).rule_for(service_id=1, subcategory_id=None, category_id=1).percent == 0
