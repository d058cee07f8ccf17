"""What the audit of numbers finds when somebody has been at the tables."""

from decimal import Decimal

import pytest

from sms import acquire, audit, close, states
from sms.models import Number, Purchase, Slot
from wallet import ledger
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


def test_a_number_whose_hold_was_let_go_is_found(numbers, now):
    number = numbers[0]
    ledger.release(hold=number.slot.hold, now=now)
    assert list(audit.problems()) == [f"number {number.pk} is WAITING, but its hold is RELEASED"]


@pytest.mark.parametrize("state", [states.EXPIRED, states.RECEIVED])
def test_a_number_whose_hold_stayed_open_is_found(numbers, now, state):
    number = numbers[0]
    if state == states.RECEIVED:
        paid(number, now)
    else:
        close.end(number, state, now)
    hold = number.slot.hold
    other = ledger.hold(account=hold.account, amount=hold.amount, key="another", now=now)
    Slot.objects.filter(pk=number.slot_id).update(hold=other)
    assert f"number {number.pk} is {state}, but its hold is OPEN" in list(audit.problems())


def test_a_place_without_a_number_holds_money_only_while_one_may_come(bought, now):
    purchase = bought(2)
    slot = purchase.slots.first()
    ledger.release(hold=slot.hold, now=now)
    assert list(audit.problems()) == [
        f"purchase {purchase.pk} is PLACED, but hold {slot.hold.key} is RELEASED",
    ]


def test_a_purchase_that_somebody_else_pays_is_found(bought, stranger):
    purchase = bought(1)
    Purchase.objects.update(customer=stranger)
    assert list(audit.problems()) == [f"purchase {purchase.pk} is paid from another customer's account"]


def test_a_hold_of_another_price_is_found(bought):
    purchase = bought(1)
    Purchase.objects.update(price=purchase.price + 1)
    (problem,) = audit.problems()
    assert problem.startswith(f"hold {purchase.slots.get().hold.key} is of ")


def test_a_purchase_with_a_place_too_few_and_a_hold_of_none_are_found(bought, now):
    purchase = bought(2)
    slot = purchase.slots.last()
    key = slot.hold.key
    slot.delete()
    assert list(audit.problems()) == [
        f"purchase {purchase.pk} is of 2 numbers, but has 1 holds",
        f"hold {key} belongs to no purchase",
    ]
