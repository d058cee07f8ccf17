"""The ledger's acts, one by one."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from wallet import audit, ledger
from wallet.models import Account, Hold, Transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(customer):
    return ledger.account_of(customer)


def figures(account):
    account.refresh_from_db()
    return account.balance, account.held, account.available


def test_a_deposit_raises_the_balance(account, now):
    ledger.deposit(account=account, amount=Decimal("12.34"), key="payment:1", now=now)
    assert figures(account) == (Decimal("62.34"), Decimal(0), Decimal("62.34"))


def test_the_same_key_moves_money_once(account, now):
    first = ledger.deposit(account=account, amount=Decimal(5), key="payment:1", now=now)
    again = ledger.deposit(account=account, amount=Decimal(5), key="payment:1", now=now)
    assert first == again
    assert figures(account)[0] == Decimal(55)


@pytest.mark.parametrize("amount", [Decimal(6), Decimal(-5)])
def test_a_key_can_not_stand_for_another_amount(account, now, amount):
    ledger.adjust(account=account, amount=Decimal(5), key="k", memo="m", now=now)
    with pytest.raises(ledger.KeyReused):
        ledger.adjust(account=account, amount=amount, key="k", memo="m", now=now)
    assert figures(account)[0] == Decimal(55)


def test_a_key_can_not_stand_for_another_customer(account, stranger, now):
    ledger.deposit(account=account, amount=Decimal(5), key="k", now=now)
    with pytest.raises(ledger.KeyReused), transaction.atomic():
        ledger.deposit(account=ledger.account_of(stranger), amount=Decimal(5), key="k", now=now)
    assert figures(ledger.account_of(stranger))[0] == 0


def test_a_hold_lowers_what_is_available_and_not_the_balance(account, now):
    ledger.hold(account=account, amount=Decimal("20.5"), key="order:1:hold", now=now)
    assert figures(account) == (Decimal(50), Decimal("20.5"), Decimal("29.5"))


def test_a_hold_never_passes_what_is_available(account, now):
    ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    with pytest.raises(ledger.InsufficientFunds) as refused:
        ledger.hold(account=account, amount=Decimal("20.000001"), key="b", now=now)
    assert refused.value.available == Decimal(20)
    assert "$20.00" in str(refused.value)
    assert figures(account) == (Decimal(50), Decimal(30), Decimal(20))


def test_a_repeated_hold_sets_aside_once(account, now):
    first = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    assert ledger.hold(account=account, amount=Decimal(30), key="a", now=now) == first
    with pytest.raises(ledger.KeyReused):
        ledger.hold(account=account, amount=Decimal(31), key="a", now=now)
    assert figures(account)[1] == Decimal(30)


def test_capturing_a_part_gives_the_rest_back(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    ledger.capture(hold=hold, amount=Decimal("12.345678"), key="a:capture", now=now)
    assert figures(account) == (Decimal("37.654322"), Decimal(0), Decimal("37.654322"))
    hold.refresh_from_db()
    assert (hold.state, hold.captured) == (Hold.State.CAPTURED, Decimal("12.345678"))


def test_a_hold_is_captured_once_whatever_the_key(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    ledger.capture(hold=hold, amount=Decimal(10), key="one", now=now)
    ledger.capture(hold=hold, amount=Decimal(10), key="one", now=now)
    with pytest.raises(ledger.HoldClosed):
        ledger.capture(hold=hold, amount=Decimal(10), key="two", now=now)
    assert figures(account)[0] == Decimal(40)


def test_more_than_the_hold_can_not_be_captured(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    with pytest.raises(ledger.LedgerError):
        ledger.capture(hold=hold, amount=Decimal("30.000001"), key="one", now=now)
    assert figures(account) == (Decimal(50), Decimal(30), Decimal(20))


def test_a_release_gives_all_back_and_twice_is_harmless(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    ledger.release(hold=hold, now=now)
    ledger.release(hold=hold, now=now)
    assert figures(account) == (Decimal(50), Decimal(0), Decimal(50))
    with pytest.raises(ledger.HoldClosed):
        ledger.capture(hold=hold, amount=Decimal(1), key="late", now=now)


def test_a_captured_hold_is_not_released(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    ledger.capture(hold=hold, amount=Decimal(30), key="one", now=now)
    with pytest.raises(ledger.HoldClosed):
        ledger.release(hold=hold, now=now)
    assert figures(account)[0] == Decimal(20)


def test_refunds_never_pass_the_capture(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    ledger.capture(hold=hold, amount=Decimal(10), key="one", now=now)
    ledger.refund(hold=hold, amount=Decimal(7), key="r1", now=now)
    ledger.refund(hold=hold, amount=Decimal(7), key="r1", now=now)
    with pytest.raises(ledger.LedgerError, match=r"\$3\.00"):
        ledger.refund(hold=hold, amount=Decimal("3.000001"), key="r2", now=now)
    ledger.refund(hold=hold, amount=Decimal(3), key="r3", now=now)
    assert figures(account)[0] == Decimal(50)


def test_nothing_is_refunded_before_a_capture(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    with pytest.raises(ledger.LedgerError):
        ledger.refund(hold=hold, amount=Decimal(1), key="r", now=now)


def test_an_adjustment_never_takes_what_is_held(account, now):
    ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    with pytest.raises(ledger.InsufficientFunds):
        ledger.adjust(account=account, amount=Decimal("-20.01"), key="x", memo="m", now=now)
    ledger.adjust(account=account, amount=Decimal(-20), key="y", memo="m", now=now)
    assert figures(account) == (Decimal(30), Decimal(30), Decimal(0))


@pytest.mark.parametrize("amount", ["0", "-1", "1000000001", "NaN", "Infinity"])
def test_an_amount_that_makes_no_sense_moves_nothing(account, now, amount):
    with pytest.raises((ledger.LedgerError, ValueError, ArithmeticError)):
        ledger.deposit(account=account, amount=Decimal(amount), key="k", now=now)
    assert Transfer.objects.filter(key="k").count() == 0


def test_a_fraction_of_a_micro_moves_nothing(account, now):
    with pytest.raises(ValueError, match="finer than one micro"):
        ledger.deposit(account=account, amount=Decimal("0.0000001"), key="k", now=now)


@pytest.mark.parametrize("act", ["update", "delete"])
def test_a_transfer_can_be_neither_changed_nor_deleted(account, act):
    rows = Transfer.objects.filter(pk=Transfer.objects.get().pk)
    acts = {"update": lambda: rows.update(amount=Decimal(1)), "delete": rows.delete}
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        acts[act]()
    assert Transfer.objects.get().amount == Decimal(50)


@pytest.mark.parametrize("figures", [{"balance": -1}, {"balance": 10, "held": 11}, {"held": -1}])
def test_the_table_refuses_a_balance_that_can_not_be(account, figures):
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(pk=account.pk).update(**figures)


class TestAudit:
    def test_honest_books_have_no_problem(self, account, now):
        hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
        ledger.capture(hold=hold, amount=Decimal(10), key="one", now=now)
        ledger.refund(hold=hold, amount=Decimal(3), key="r1", now=now)
        ledger.hold(account=account, amount=Decimal(3), key="b", now=now)
        found = audit.findings()
        assert found.problems == []
        assert (found.transfers, found.open_holds) == (3, 1)

    def test_a_balance_without_a_transfer_is_found(self, account):
        Account.objects.filter(pk=account.pk).update(balance=Decimal("50.000001"))
        assert any("50.000001" in problem for problem in audit.findings().problems)

    def test_a_held_amount_without_a_hold_is_found(self, account):
        Account.objects.filter(pk=account.pk).update(held=Decimal(1))
        assert len(audit.findings().problems) == 1

    def test_a_hold_that_says_more_than_its_transfers_is_found(self, account, now):
        hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
        ledger.capture(hold=hold, amount=Decimal(10), key="one", now=now)
        Hold.objects.filter(pk=hold.pk).update(captured=Decimal(11))
        assert any("hold a" in problem for problem in audit.findings().problems)

    def test_a_running_balance_that_jumps_is_found(self, account, customer, now):
        transfer = Transfer.objects.get()
        Transfer.objects.create(
            key="forged",
            kind="DEPOSIT",
            source=transfer.source,
            target=account,
            customer=account,
            amount=Decimal(5),
            balance_after=Decimal(60),
            created_at=now,
        )
        Account.objects.filter(pk=account.pk).update(balance=Decimal(55))
        assert any("forged" in problem for problem in audit.findings().problems)

    def test_missing_triggers_are_found(self, account):
        from wallet import guards

        guards.uninstall(connection)
        try:
            assert any("triggers" in problem for problem in audit.findings().problems)
        finally:
            guards.install(connection)
