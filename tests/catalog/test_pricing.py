"""Prices never fall below cost, charges never round in the wrong direction."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import NoMarkup, RuleBook, price_of, quote, share


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


def test_without_any_rule_the_price_is_the_cost():
    assert RuleBook([]).rule_for(service_id=1, subcategory_id=None, category_id=1).percent == 0
