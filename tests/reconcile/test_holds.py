"""The books: a line of any audit is a finding, and so is a hold that nobody has."""

from decimal import Decimal

import pytest

from funds.models import Debt, Method, TopUp
from orders import states
from orders.models import Order
from reconcile import holds
from reconcile.models import Finding
from sms import states as sms_states
from sms.models import Number
from tests.reconcile.conftest import open_alerts
from wallet import ledger
from wallet.models import Account

pytestmark = pytest.mark.django_db


@pytest.fixture
def look(now):
    return lambda: list(holds.look(None, now))


def test_books_that_agree_are_nothing_to_find(shop, look):
    shop.order(1)
    shop.numbers(2)
    for _ in range(3):
        shop.later(3600)
    assert look() == []


def test_a_hold_that_outlived_its_order_is_found(shop, look, now):
    order = shop.order(1)
    Order.objects.filter(pk=order.pk).update(state=states.CANCELED, finished_at=now)
    (matter,) = look()
    assert matter.subject == f"Order {order.pk} is CANCELED, but its hold is OPEN"
    assert matter.severity == "CRITICAL"


def test_a_hold_that_outlived_its_number_is_found(shop, look):
    purchase = shop.numbers(2)
    number = purchase.numbers.first()
    Number.objects.filter(pk=number.pk).update(state=sms_states.EXPIRED)
    assert [matter.subject for matter in look()] == [f"Number {number.pk} is EXPIRED, but its hold is OPEN"]


def test_a_balance_that_does_not_fit_its_transfers_is_found(shop, customer, look, run):
    shop.order(1)
    Account.objects.filter(owner=customer).update(balance=Decimal(7_000_000))
    (matter,) = look()
    assert matter.kind == "BOOKS"
    run()
    assert Finding.objects.get(kind="BOOKS").key in open_alerts()


def test_a_debt_that_does_not_fit_its_transfers_is_found(customer, look, now):
    method = Method.objects.create(provider="transfer", name="Transfer")
    figures = {"currency": "USD", "amount": Decimal(5), "total": Decimal(5)}
    times = {"created_at": now, "changed_at": now, "expires_at": now}
    top_up = TopUp.objects.create(
        customer=customer, method=method, variant="transfer", form_key="f", **figures, **times
    )
    Debt.objects.create(
        key="d", top_up=top_up, customer=customer, kind="REFUND", taken=5, amount=5, paid=1, created_at=now
    )
    (matter,) = look()
    assert "but its transfers come to 0" in matter.subject


def test_a_hold_that_belongs_to_nothing_is_found_until_it_is_released(rich, look, now):
    hold = ledger.hold(account=ledger.account_of(rich), amount=Decimal(3), key="nobody:1", now=now)
    (matter,) = look()
    assert (matter.kind, matter.amount) == ("HOLD", Decimal(3))
    ledger.release(hold=hold, now=now)
    assert look() == []
