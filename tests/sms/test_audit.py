"""What the audit of numbers finds when somebody has been at the tables."""

from decimal import Decimal

import pytest

from sms import acquire, audit, close, states
from sms.models import Number, Purchase
from wallet.models import Hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def numbers(bought):
    """Two numbers of one purchase, both waiting."""
    purchase = bought(2)
    assert acquire.acquire(purchase_id=purchase.pk) == states.RUNNING
    return list(Number.objects.filter(purchase=purchase).select_related("slot__hold", "purchase"))


def paid(number, now):
    close.pay(number, now)
    number.save()


def test_honest_numbers_have_no_problem(numbers, now):
    first, second = numbers
    assert list(audit.problems()) == []
    paid(first, now)
    assert list(audit.problems()) == []
    close.end(second, states.EXPIRED, now)
    assert list(audit.problems()) == []
    close.end(first, states.FINISHED, now)
    assert Purchase.objects.get().state == states.CLOSED
    assert list(audit.problems()) == []


def test_a_running_purchase_that_listens_to_nothing_is_found(numbers, now):
    for number in numbers:
        close.end(number, states.EXPIRED, now)
    Purchase.objects.update(state=states.RUNNING, finished_at=None)
    (problem,) = audit.problems()
    assert problem == f"purchase {numbers[0].purchase_id} is RUNNING, but none of its numbers is live"


def test_a_running_purchase_with_one_live_number_is_no_problem(numbers, now):
    close.end(numbers[0], states.EXPIRED, now)
    assert list(audit.problems()) == []


@pytest.mark.parametrize("ended", [False, True])
def test_a_number_that_was_not_paid_for_in_full_is_found(numbers, now, ended):
    number = numbers[0]
    paid(number, now)
    if ended:
        close.end(number, states.FINISHED, now)
    hold = number.slot.hold
    Hold.objects.filter(pk=hold.pk).update(captured=hold.amount - Decimal("0.000001"))
    (problem,) = audit.problems()
    assert problem.startswith(f"number {number.pk} is {number.state}, but only")
