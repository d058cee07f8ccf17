"""Weighing: what two readings of the balance prove of a purchase, and that they prove nothing where they can't."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.evidence import Finding, Movement, Reading, weigh


def moved(amount, *, after=1, before=2, certain=True, name="order 1", error=0):
    return Movement(
        name=name, amount=Decimal(amount), after=after, before=before, certain=certain, error=Decimal(error)
    )


def bounded(low, high, *, after=1, before=2):
    return Movement(name="another doubt", low=Decimal(low), high=Decimal(high), after=after, before=before)


def evidence(left, others=(), cost="5", least=None, begin="100.0101"):
    first, last = Reading(number=1, balance=Decimal(begin)), Reading(number=2, balance=Decimal(begin) - Decimal(left))
    return weigh(first=first, last=last, cost=Decimal(cost), least=Decimal(least or cost), others=list(others))


def finding(left, others=(), **more):
    return evidence(left, others, **more).finding


def test_nothing_left_and_nothing_was_bought():
    assert finding("0") == Finding.NOT_CHARGED


def test_its_cost_left():
    assert finding("5") == Finding.CHARGED


@pytest.mark.parametrize("charge", ["0.6", "4.5", "7.5", "14"])
def test_a_charge_at_another_price_is_its_charge_all_the_same(charge):
    assert finding(charge) == Finding.CHARGED


def test_what_is_known_is_taken_off_first():
    assert finding("12.5", [moved("10"), moved("2.5")]) == Finding.NOT_CHARGED
    assert finding("17.5", [moved("10"), moved("2.5")]) == Finding.CHARGED


def test_a_pay_back_of_the_same_size_hides_no_charge():
    assert finding("0", [moved("-5")]) == Finding.CHARGED
    assert finding("-5", [moved("-5")]) == Finding.NOT_CHARGED


def test_a_pay_back_that_perhaps_came_makes_it_ambiguous():
    assert finding("0", [moved("-5", certain=False)]) == Finding.AMBIGUOUS
    # It lies across the second reading: it may have come before or after it.
    assert finding("0", [moved("-5", after=1, before=3)]) == Finding.AMBIGUOUS
    assert finding("0", [moved("-5", after=1, before=None)]) == Finding.AMBIGUOUS
    # One that is far too small, or far too large, explains nothing.
    assert finding("0", [moved("-0.4", certain=False)]) == Finding.NOT_CHARGED
    assert finding("0", [moved("-16", certain=False)]) == Finding.NOT_CHARGED


def test_what_came_before_or_after_plays_no_part():
    assert finding("0", [moved("5", after=0, before=1), moved("5", after=2, before=None)]) == Finding.NOT_CHARGED


def test_other_doubts_may_have_been_charged_and_this_one_not():
    other = bounded("0", "15")
    assert finding("0", [other]) == Finding.NOT_CHARGED
    assert finding("5", [other]) == Finding.AMBIGUOUS
    assert finding("10", [other]) == Finding.AMBIGUOUS
    assert finding("16", [other]) == Finding.CHARGED


def test_an_older_doubt_may_be_paid_back_just_now():
    assert finding("0", [bounded("-5", "0")]) == Finding.AMBIGUOUS
    assert finding("0", [bounded("-0.4", "0")]) == Finding.NOT_CHARGED
    assert finding("5", [bounded("-5", "0")]) == Finding.CHARGED


def test_a_top_up_proves_nothing():
    for left in ("-100", "-95"):
        told = evidence(left)
        assert told.finding == Finding.AMBIGUOUS
        assert not told.explained_without


def test_what_is_smaller_than_the_readings_error_proves_nothing():
    assert finding("0", cost="0.001") == Finding.AMBIGUOUS
    assert finding("0", cost="0.003") == Finding.NOT_CHARGED


def test_a_balance_that_is_told_in_cents_hides_what_is_smaller():
    assert finding("0", cost="0.1", begin="100") == Finding.AMBIGUOUS
    assert finding("0", cost="0.3", begin="100") == Finding.NOT_CHARGED


def test_the_error_of_many_charges_adds_up():
    many = [moved("0.01", name=f"order {number}", error="0.00005") for number in range(200)]
    assert finding("2", many, cost="0.02") == Finding.AMBIGUOUS
    assert finding("2", many, cost="2") == Finding.NOT_CHARGED
    exact = [moved("0.01", name=f"order {number}") for number in range(200)]
    assert finding("2", exact, cost="0.02") == Finding.NOT_CHARGED


def test_nothing_is_no_movement():
    told = evidence("5", [moved("0"), moved("0", certain=False), bounded("0", "0")])
    assert told.finding == Finding.CHARGED
    assert "$0.00 in 0 movements." in told.figures
    assert "Perhaps" not in told.figures


def test_some_of_the_numbers_of_a_purchase_were_given():
    assert finding("0.10", cost="0.15", least="0.05") == Finding.CHARGED
    assert finding("0", cost="0.15", least="0.05") == Finding.NOT_CHARGED


def test_too_much_at_once_proves_nothing():
    many = [moved(Decimal(2) ** number / 1000, certain=False, name=str(number)) for number in range(20)]
    assert finding("0", many) == Finding.AMBIGUOUS


def test_the_figures_are_shown():
    first, last = Reading(number=7, balance=Decimal(100)), Reading(number=9, balance=Decimal("88.5"))
    others = [
        moved("1.5", after=7, before=8),
        moved("-2", after=8, before=10, name="order 4 paid back"),
        bounded("0", "0.3", after=7, before=9),
    ]
    told = weigh(first=first, last=last, cost=Decimal(10), least=Decimal(10), others=others)
    assert told.finding == Finding.CHARGED
    for figure in ("$100.00 (reading 7)", "$88.50 (reading 9)", "$11.50 left", "$1.50 in 1", "$10.00, exact to"):
        assert figure in told.figures
    assert "order 4 paid back −$2.00" in told.figures
    assert "another doubt $0.00 to $0.30" in told.figures


cents = st.integers(1, 300).map(lambda cents: Decimal(cents) / 100)
spans = st.sampled_from([(1, 2), (1, 3), (0, 2), (0, 1), (2, None), (1, None), (0, None)])
lines = st.lists(st.tuples(cents, spans, st.booleans(), st.booleans(), st.booleans()), max_size=6)
doubts = st.lists(st.tuples(cents, spans, st.decimals(min_value=-1, max_value=3, places=2)), max_size=3)


@given(cost=cents, price=st.decimals("0.1", 3, places=2), charged=st.booleans(), lines=lines, doubts=doubts)
def test_whatever_happened_nothing_false_is_ever_proved(cost, price, charged, lines, doubts):
    """Whatever truly moved, if our rows describe it truly, the finding is the truth or none."""
    left = cost * price if charged else Decimal(0)
    others = []
    for amount, (after, before), back, certain, happened in lines:
        signed = -amount if back else amount
        one = moved(signed, after=after, before=before, certain=certain)
        others.append(one)
        if not one.outside(1, 2) and ((certain and one.inside(1, 2)) or happened):
            left += signed
    for amount, (after, before), share in doubts:
        one = bounded(-amount, amount * 3, after=after, before=before)
        others.append(one)
        if not one.outside(1, 2):
            left += amount * share
    found = finding(left, others, cost=cost)
    assert found != (Finding.NOT_CHARGED if charged else Finding.CHARGED)
    exact = all(one.certain and one.inside(1, 2) and not one.low for one in others)
    if exact and cost > Decimal("0.01"):
        assert found == (Finding.CHARGED if charged else Finding.NOT_CHARGED)


@pytest.mark.parametrize("left", ["0.0001", "-0.0001"])
def test_a_balance_cut_off_at_its_last_place_is_no_movement(left):
    assert finding(left) == Finding.NOT_CHARGED
