"""Two acts at the same moment, on connections of their own: the second one sees what the first one did."""

import threading
import time
from decimal import Decimal

import pytest
from django.db import connection, transaction

from reseller.books import audit
from wallet import ledger
from wallet.models import Hold, Transfer

pytestmark = pytest.mark.django_db(transaction=True)
# How long the first transaction stays open after its act: the second one is in its own by then.
OPEN = 0.5


@pytest.fixture
def account(customer):
    return ledger.account_of(customer)


@pytest.fixture
def sold(account, now):
    """A hold of 5 USD that was captured."""
    hold = ledger.hold(account=account, amount=Decimal(5), key="h", now=now)
    ledger.capture(hold=hold, amount=Decimal(5), key="c", now=now)
    return hold


def second_of(first, second):
    """What `second` does, begun while the transaction of `first` is still open: what it returned or raised."""
    done, said = threading.Event(), []

    def run_first():
        try:
            with transaction.atomic():
                first()
                done.set()
                time.sleep(OPEN)
        finally:
            done.set()
            connection.close()

    def run_second():
        done.wait()
        try:
            said.append(second())
        except Exception as error:
            said.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for run in (run_first, run_second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert audit().problems == []
    return said[0]


def test_a_key_that_somebody_else_is_just_taking_is_taken(account, stranger, now):
    theirs = ledger.account_of(stranger)

    said = second_of(
        lambda: ledger.deposit(account=account, amount=Decimal(5), key="k", now=now),
        lambda: ledger.deposit(account=theirs, amount=Decimal(5), key="k", now=now),
    )

    assert isinstance(said, ledger.KeyReused)
    assert Transfer.objects.get(key="k").customer == account
    assert ledger.account_of(stranger).balance == 0


def test_a_hold_whose_key_somebody_else_is_just_taking_sets_nothing_aside(account, stranger, now):
    theirs = ledger.account_of(stranger)
    ledger.deposit(account=theirs, amount=Decimal(9), key="theirs", now=now)

    said = second_of(
        lambda: ledger.hold(account=account, amount=Decimal(5), key="k", now=now),
        lambda: ledger.hold(account=theirs, amount=Decimal(5), key="k", now=now),
    )

    assert isinstance(said, ledger.KeyReused)
    assert ledger.account_of(stranger).held == 0


def test_two_refunds_never_pass_the_charge(account, sold, now):
    said = second_of(
        lambda: ledger.refund(hold=sold, amount=Decimal(3), key="r1", now=now),
        lambda: ledger.refund(hold=sold, amount=Decimal(3), key="r2", now=now),
    )

    assert isinstance(said, ledger.LedgerError)
    assert Hold.objects.get(pk=sold.pk).refunded == 3


def test_two_holds_never_pass_the_balance(account, now):
    said = second_of(
        lambda: ledger.hold(account=account, amount=Decimal(30), key="a", now=now),
        lambda: ledger.hold(account=account, amount=Decimal(30), key="b", now=now),
    )

    assert isinstance(said, ledger.InsufficientFunds)
    assert said.available == 20


def test_a_hold_waits_for_money_that_somebody_is_just_paying_in(account, now):
    said = second_of(
        lambda: ledger.deposit(account=account, amount=Decimal(50), key="d", now=now),
        lambda: ledger.hold(account=account, amount=Decimal(80), key="a", now=now),
    )

    assert isinstance(said, Hold)
    account.refresh_from_db()
    assert (account.balance, account.held) == (100, 80)


def test_a_hold_is_captured_or_released_and_never_both(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)

    said = second_of(
        lambda: ledger.release(hold=hold, now=now),
        lambda: ledger.capture(hold=hold, amount=Decimal(30), key="c", now=now),
    )

    assert isinstance(said, ledger.HoldClosed)
    assert ledger.account_of(account.owner).balance == 50


def test_a_part_of_a_hold_is_split_off_once(account, now):
    whole = ledger.hold(account=account, amount=Decimal(9), key="plan", now=now)

    said = second_of(
        lambda: ledger.split(hold=whole, amount=Decimal(6), key="run:1", now=now),
        lambda: ledger.split(hold=whole, amount=Decimal(6), key="run:2", now=now),
    )

    assert isinstance(said, ledger.LedgerError)
    assert Hold.objects.get(pk=whole.pk).amount == 3


def test_a_hold_outside_of_a_transaction_is_whole_or_not_at_all(account, now, monkeypatch):
    def breaks(**_about):
        raise RuntimeError("the outbox is full")

    monkeypatch.setattr(ledger, "balance_fell", breaks)
    with pytest.raises(RuntimeError):
        ledger.hold(account=account, amount=Decimal(5), key="h", now=now)
    account.refresh_from_db()
    assert account.held == 0
    assert not Hold.objects.exists()
    assert audit().problems == []


def test_a_hold_that_is_refused_leaves_its_callers_transaction_as_it_was(account, now):
    with transaction.atomic():
        ledger.deposit(account=account, amount=Decimal(1), key="d", now=now)
        with pytest.raises(ledger.InsufficientFunds):
            ledger.hold(account=account, amount=Decimal(5_000), key="h", now=now)
        ledger.hold(account=account, amount=Decimal(1), key="h", now=now)
        with pytest.raises(ledger.KeyReused):
            ledger.hold(account=account, amount=Decimal(2), key="h", now=now)
    account.refresh_from_db()
    assert account.held == 1
    assert audit().problems == []
