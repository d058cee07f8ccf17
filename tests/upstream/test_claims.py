"""Claims: nobody asks for a row that another asks for, and a worker that vanished keeps it from nobody for long."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Order
from sms.models import Number
from upstream import claims
from upstream.models import Claim

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def take(pks, now, model=Order):
    return sorted(claims.take(model, pks, until=now + timedelta(seconds=40), now=now))


def test_what_is_claimed_is_claimed_by_nobody_else(now):
    assert take([3, 1, 2], now) == [1, 2, 3]
    assert take([2, 3, 4], now) == [4]
    assert take([], now) == []


def test_orders_and_numbers_are_claimed_apart(now):
    take([1], now)
    assert take([1], now, model=Number) == [1]


def test_a_claim_is_free_again_when_its_time_is_over(now):
    take([1], now)
    assert take([1], now + timedelta(seconds=39)) == []
    assert take([1], now + timedelta(seconds=40)) == [1]
    assert take([1], now + timedelta(seconds=41)) == [], "the second one has it now"


def test_what_is_given_back_is_free_at_once(now):
    take([1, 2], now)
    claims.give_back(Number, [1, 2])
    claims.give_back(Order, [1])
    assert take([1, 2], now) == [1]


def test_claims_of_workers_that_vanished_are_forgotten_in_the_end(now):
    take([1], now - timedelta(hours=2))
    take([2], now)
    claims.forget(now=now)
    assert list(Claim.objects.values_list("target", flat=True)) == [2]
