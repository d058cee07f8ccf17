"""Whether a purchase passes: to the micro of a limit, to the second of a minute, and what counts as a purchase."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts import suspensions
from wallet import audit, ledger, permit

pytestmark = pytest.mark.django_db
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(seconds=60), timedelta(hours=24)


@pytest.fixture
def hold(customer, now):
    """`hold(amount)` sets money aside for a purchase."""
    count = iter(range(1000))

    def hold(amount="1", at=now, key=None):
        return ledger.hold(
            account=ledger.account_of(customer),
            amount=Decimal(amount),
            key=key or f"order:{next(count)}:hold",
            now=at,
        )

    yield hold
    assert audit.findings().problems == []


@pytest.fixture
def ask(customer, now):
    """`ask(amount)` asks whether a purchase may be made; the limits are those of the call."""

    def ask(amount="1", at=now, spend=None, pace=None):
        customer.limit_spend_a_day, customer.limit_purchases_a_minute = spend and Decimal(spend), pace
        with transaction.atomic():
            permit.not_shut(customer=customer, now=at)
            permit.within_limits(customer=customer, amount=Decimal(amount), now=at)

    return ask


def test_what_is_left_of_a_day_can_be_spent_to_the_micro(hold, ask):
    hold("7.5")
    ask("2.5", spend="10")
    with pytest.raises(permit.NotPermitted) as refused:
        ask("2.500001", spend="10")
    said = "You can spend $10.00 in 24 hours, and $2.50 of it are left: this takes $2.500001."
    assert str(refused.value) == said
    assert refused.value.until is None


def test_a_limit_that_was_lowered_leaves_nothing_and_never_less(hold, ask):
    hold("7.5")
    with pytest.raises(permit.NotPermitted, match=r"\$0\.00 of it are left"):
        ask("0.000001", spend="5")


def test_a_day_is_24_hours(hold, ask, now):
    hold("10", at=now)
    for at, passes in ((DAY - SECOND, False), (DAY, True)):
        if passes:
            ask("10", at=now + at, spend="10")
        else:
            with pytest.raises(permit.NotPermitted):
                ask("10", at=now + at, spend="10")


def test_what_was_given_back_is_not_spent(customer, hold, now):
    account = ledger.account_of(customer)
    sold = hold("10")
    ledger.capture(hold=sold, amount=Decimal(7), key="c", now=now)
    ledger.refund(hold=sold, amount=Decimal(2), key="r", now=now)
    ledger.release(hold=hold("20"), now=now)
    hold("3")
    assert permit.spent(account, since=now - SECOND) == 8
    assert permit.spent(account, since=now) == 0


@pytest.mark.parametrize(("after", "seconds"), [(0, 60), (30, 30), (59.6, 1)])
def test_the_answer_says_when_the_minute_is_over(hold, ask, now, after, seconds):
    hold(at=now)
    at = now + timedelta(seconds=after)
    with pytest.raises(permit.NotPermitted) as refused:
        ask(at=at, pace=1)
    assert str(refused.value) == f"Your limit of purchases in a minute is 1. Try again in {seconds} s."
    assert refused.value.until == now + MINUTE
    ask(at=at, pace=2)


def test_after_a_minute_a_purchase_no_longer_counts(hold, ask, now):
    hold(at=now)
    ask(at=now + MINUTE, pace=1)


def test_the_oldest_of_the_last_ones_makes_room(hold, ask, now):
    for second in (0, 10, 20):
        hold(at=now + second * SECOND)
    with pytest.raises(permit.NotPermitted) as refused:
        ask(at=now + 30 * SECOND, pace=2)
    assert refused.value.until == now + 70 * SECOND


def test_one_purchase_of_numbers_or_of_a_plan_counts_once(hold, ask):
    hold(key="plan:1:hold")
    for slot in (1, 2, 3, 10, 11):
        hold(key=f"sms:AB:{slot}:hold")
    ask(pace=2)
    with pytest.raises(permit.NotPermitted):
        ask(pace=1)


def test_what_is_suspended_says_until_when(customer, operator, ask, now):
    end = now + timedelta(days=2)
    suspensions.suspend(
        customer=customer, degree="PURCHASE", reason="r", told="Write to us.", ends_at=end, operator=operator, now=now
    )
    with pytest.raises(permit.Shut, match=r"Write to us\.") as refused:
        ask()
    assert refused.value.until == end


def test_limits_of_the_shop_hold_where_the_customer_has_none(customer, settings):
    settings.LIMIT_SPEND_A_DAY, settings.LIMIT_PURCHASES_A_MINUTE, settings.LIMIT_ACTIVE_NUMBERS = Decimal(9), 8, 7
    assert permit.spend_a_day(customer) == 9
    assert permit.purchases_a_minute(customer) == 8
    assert permit.active_numbers(customer) == 7
    customer.limit_spend_a_day, customer.limit_purchases_a_minute, customer.limit_active_numbers = Decimal(0), 0, 3
    assert permit.spend_a_day(customer) == 0
    assert permit.purchases_a_minute(customer) == 0
    assert permit.active_numbers(customer) == 3


@pytest.mark.parametrize(("limits", "locks"), [({}, 0), ({"spend": "50"}, 1), ({"pace": 9}, 1)])
def test_the_account_is_asked_for_only_where_there_is_a_limit(ask, limits, locks):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        ask(**limits)
    assert sum("wallet_account" in query["sql"] for query in queries) == 2 * locks
