"""One door from text to an amount, and one rounding rule."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import money
from core.money import BadAmount, from_micros, parse, plain, round_up, show, to_micros

micros = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("12.50", "12.5"), (" $5 ", "5"), ("0.000001", "0.000001"), ("-3", "-3"), ("+3", "3"), ("007", "7")],
)
def test_a_plain_amount_is_read(text, amount):
    assert parse(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1e3", "1,000", "1.2.3", "NaN", "Infinity", "0x10", "1_000", "٣", "1.", ".5", "--5", "5 5", "9" * 13],
)
def test_anything_else_is_refused_in_words(text):
    with pytest.raises(BadAmount, match="Enter an amount"):
        parse(text)


def test_too_fine_and_too_large_amounts_are_refused():
    with pytest.raises(BadAmount, match="at most 6 decimals"):
        parse("0.0000001")
    with pytest.raises(BadAmount, match="at most 2 decimals"):
        parse("0.001", places=2)
    with pytest.raises(BadAmount, match="too large"):
        parse("1000000001")


@given(micros)
def test_micros_and_amounts_are_the_same_thing(number):
    assert to_micros(from_micros(number)) == number


@given(micros)
def test_what_is_shown_plainly_is_read_back_exactly(number):
    amount = from_micros(number)
    if abs(amount) <= money.LARGEST:
        assert parse(plain(amount)) == amount


@given(st.integers(1, 10**12).map(from_micros))
def test_nothing_that_costs_money_shows_as_nothing(amount):
    assert show(amount) != "$0.00"
    assert parse(show(amount).replace(",", "")) == amount


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("1234.5", "$1,234.50"), ("0.0027", "$0.0027"), ("0", "$0.00"), ("-5", "−$5.00"), ("1000000", "$1,000,000.00")],
)
def test_amounts_as_people_read_them(amount, shown):
    assert show(Decimal(amount)) == shown


@given(micros.map(from_micros), st.sampled_from(["0.000001", "0.0001", "0.01", "0.05", "1", "7"]))
def test_rounding_goes_up_to_the_next_multiple(amount, step):
    step = Decimal(step)
    rounded = round_up(amount, step)
    assert rounded % step == 0
    assert 0 <= rounded - amount < step


def test_a_fraction_of_a_micro_is_an_error_and_not_a_rounding():
    with pytest.raises(ValueError, match="finer"):
        to_micros(Decimal("0.0000005"))


def test_the_field_refuses_floats():
    with pytest.raises(TypeError, match="never a float"):
        money.MoneyField().to_python(0.1)
