"""Weighing: what two readings of the balance prove of a purchase, and that they prove nothing where they can't."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.evidence import Finding, Movement, Reading, weigh


def moved(amount, *, after=1, before=2, certain=True, name="order 1"):
    return Movement(
        name=name, amount=None if amount is None else Decimal(amount), after=after, before=before, certain=certain
    )


def doubt(amount="5", copies=1):
    return [moved(amount, certain=False, name=f"doubt {copy}") for copy in range(copies)]


def finding(left, others=(), mine=None):
    first, last = Reading(number=1, balance=Decimal(100)), Reading(number=2, balance=100 - Decimal(left))
    return weigh(first=first, last=last, doubt=mine or doubt(), others=list(others)).finding


def test_nothing_left_and_nothing_was_bought():
    assert finding("0") == Finding.NOT_CHARGED


def test_exactly_its_cost_left():
    assert finding("5") == Finding.CHARGED


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
    # One of another size explains nothing.
    assert finding("0", [moved("-4", certain=False)]) == Finding.NOT_CHARGED


def test_what_came_before_or_after_plays_no_part():
    assert finding("0", [moved("5", after=0, before=1), moved("5", after=2, before=None)]) == Finding.NOT_CHARGED


def test_two_doubts_of_one_size_and_one_charge_between_them():
    other = moved("5", certain=False, name="order 2")
    assert finding("5", [other]) == Finding.AMBIGUOUS
    assert finding("10", [other]) == Finding.CHARGED
    assert finding("0", [other]) == Finding.NOT_CHARGED


def test_a_movement_of_unknown_size_proves_nothing():
    assert finding("0", [moved(None)]) == Finding.AMBIGUOUS
    assert finding("0", [moved(None, after=2)]) == Finding.NOT_CHARGED


def test_a_top_up_proves_nothing():
    assert finding("-100") == Finding.AMBIGUOUS
    assert finding("-95") == Finding.AMBIGUOUS


def test_what_is_smaller_than_the_reading_s_error_proves_nothing():
    assert finding("0", mine=doubt("0.0003")) == Finding.AMBIGUOUS


def test_the_error_of_many_charges_adds_up():
    many = [moved("0.01", name=f"order {number}") for number in range(200)]
    assert finding("2", many, doubt("0.02")) == Finding.AMBIGUOUS
    assert finding("2", many, doubt("0.2")) == Finding.NOT_CHARGED
    exact = [replace(one, error=Decimal(0)) for one in many]
    assert finding("2", exact, doubt("0.02")) == Finding.NOT_CHARGED


def test_some_of_the_numbers_of_a_purchase_were_given():
    assert finding("0.10", mine=doubt("0.05", copies=3)) == Finding.CHARGED
    assert finding("0", mine=doubt("0.05", copies=3)) == Finding.NOT_CHARGED
    assert finding("0.20", mine=doubt("0.05", copies=3)) == Finding.AMBIGUOUS


def test_too_much_at_once_proves_nothing():
    many = [moved(Decimal(2) ** number / 1000, certain=False, name=str(number)) for number in range(20)]
    assert finding("0", many) == Finding.AMBIGUOUS


def test_the_figures_are_shown():
    first, last = Reading(number=7, balance=Decimal(100)), Reading(number=9, balance=Decimal("88.5"))
    others = [moved("1.5", after=7, before=8), moved("-2", after=8, before=10, name="order 4 paid back")]
    evidence = weigh(first=first, last=last, doubt=[moved("10", after=7, before=9, certain=False)], others=others)
    assert evidence.finding == Finding.CHARGED
    for figure in ("$100.00 (reading 7)", "$88.50 (reading 9)", "$11.50 left", "$1.50 in 1", "$10.00, exact to"):
        assert figure in evidence.figures
    assert "order 4 paid back −$2.00" in evidence.figures


cents = st.integers(1, 300).map(lambda cents: Decimal(cents) / 100)
spans = st.sampled_from([(1, 2), (1, 3), (0, 2), (0, 1), (2, None), (1, None), (0, None)])
movements = st.lists(st.tuples(cents, spans, st.booleans(), st.booleans(), st.booleans()), max_size=6)


@given(own=cents, charged=st.booleans(), lines=movements)
def test_whatever_happened_nothing_false_is_ever_proved(own, charged, lines):
    """Whatever truly moved, if our rows describe it truly, the finding is the truth or none."""
    left = own if charged else Decimal(0)
    others = []
    for amount, (after, before), back, certain, happened in lines:
        signed = -amount if back else amount
        others.append(moved(signed, after=after, before=before, certain=certain))
        surely_inside = after == 1 and before == 2
        can_be_inside = not (after >= 2 or before == 1)
        if can_be_inside and ((certain and surely_inside) or happened):
            left += signed
    found = finding(left, others, [moved(own, certain=False)])
    assert found != (Finding.NOT_CHARGED if charged else Finding.CHARGED)
    if not any(before != 2 or after != 1 or not certain for _amount, (after, before), _back, certain, _ in lines):
        assert found == (Finding.CHARGED if charged else Finding.NOT_CHARGED)


@pytest.mark.parametrize("left", ["0.0001", "-0.0001"])
def test_a_balance_cut_off_at_its_last_place_is_no_movement(left):
    assert finding(left) == Finding.NOT_CHARGED
