"""What our rows say moved the balance: exactly where the vendor told it, within bounds where it did not."""

from decimal import Decimal

import pytest
from django.utils import timezone

from tests.orders.conftest import catalogue, placed, rich
from tests.still import sandbox
from upstream.evidence import MOST, Finding, Reading, weigh
from upstream.models import BalanceReading
from upstream.movements import Line, Readings, Span, in_doubt, of_line, reading

__all__ = ["catalogue", "placed", "rich", "sandbox"]

COST = Decimal(5)


def line(*, back=None, told=False, kept=None, taken=None, **more):
    return Line("order 1", Span(1, 2), COST, taken, kept, back=back, told=told, **more)


def finding(left, movements, *, first=1, last=2, cost="2"):
    """What is said of a doubt of `cost` USD when `left` USD left between the two readings."""
    begin, end = Decimal("100.0001"), Decimal("100.0001") - Decimal(left)
    return weigh(
        first=Reading(number=first, balance=begin),
        last=Reading(number=last, balance=end),
        cost=Decimal(cost),
        least=Decimal(cost),
        others=movements,
    ).finding


class TestALineOfWhichNoChargeWasTold:
    def test_may_have_cost_up_to_three_times_of_what_we_reckoned(self):
        [charge] = of_line(line())
        assert (charge.low, charge.high) == (0, COST * MOST)

    def test_that_ended_without_a_word_may_have_cost_that_and_given_all_back(self):
        back = Span(1, 3)
        [whole] = of_line(line(back=back))
        assert (whole.low, whole.high) == (-COST * MOST, COST * MOST)
        assert [(one.after, one.before, one.low, one.high) for one in whole.parts] == [
            (1, 2, 0, COST * MOST),
            (1, 3, -COST * MOST, 0),
        ]

    def test_counts_as_what_the_vendor_says_it_kept_where_all_lies_between_two_readings(self):
        told = list(of_line(line(back=Span(2, 3), told=True, kept=Decimal("1.5"))))
        assert finding("1.5", told, last=3) == Finding.NOT_CHARGED
        assert finding("3.5", told, last=3) == Finding.CHARGED
        # Its charge lies before the first reading or its pay-back after the last one: anything may have moved.
        assert finding("1.5", told, last=2) == Finding.AMBIGUOUS
        assert finding("1.5", told, first=2, last=3) == Finding.CHARGED, "only a pay-back is possible there"


def test_what_came_back_is_told_or_all_or_nothing_or_anything_up_to_what_was_taken():
    paid, back = {"taken": COST, "back": Span(2, 3)}, Decimal("-3.5")
    assert [one.amount for one in of_line(line(**paid, told=True, kept=Decimal("1.5")))] == [COST, back]
    assert [(one.amount, one.certain) for one in of_line(line(**paid, all_or_nothing=True))] == [
        (COST, True),
        (-COST, False),
    ]
    assert [(one.low, one.high) for one in of_line(line(**paid))] == [(0, 0), (-COST, 0)]


@pytest.mark.django_db
class TestACallWithoutAnOutcome:
    @pytest.fixture
    def attempt(self, placed):
        from orders import submit
        from upstream import forwarding

        order = placed(1)
        assert forwarding._claim(submit.DESK, order.pk)
        return order.attempts.get()

    def test_may_be_charged_at_any_time_after_it_began(self, attempt, now):
        for balance in ("100", "95"):
            BalanceReading.objects.create(balance=Decimal(balance), read_at=now)
        readings = Readings(first=BalanceReading.begun.earliest("pk").pk)
        assert list(readings.attempts(type(attempt))) == [attempt]
        charge, back = in_doubt("order 1", COST, attempt, state="SUBMITTING", readings=readings)
        assert (charge.before, back.before) == (None, None)
        assert charge.high == COST * MOST
        first, last = (one.pk for one in readings.rows)
        assert finding("2", [charge, back], first=first, last=last) == Finding.AMBIGUOUS


@pytest.mark.django_db
def test_a_reading_that_was_never_answered_is_not_weighed(now):
    row = BalanceReading.begun.create(balance=None, read_at=now)
    with pytest.raises(ValueError, match="never answered"):
        reading(row)
    answered = BalanceReading.begun.create(balance=Decimal("7.5"), read_at=timezone.now())
    assert reading(answered) == Reading(number=answered.pk, balance=Decimal("7.5"))
