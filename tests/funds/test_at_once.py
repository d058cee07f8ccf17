"""Two at the same moment, on connections of their own: one wins, and the books hold."""

import threading
import time
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from funds import begin, debts, decide, vouchers
from funds.models import Debt, Method, TopUp, Voucher
from reseller.books import audit
from tests.funds.conftest import OPENED, balance
from tests.funds.stripe_stand_in import dispute
from wallet import ledger

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts):
    """Run the acts side by side; what each returned, or the exception it raised."""
    start = threading.Barrier(len(acts))
    said = [None] * len(acts)

    def run(place, act):
        try:
            start.wait()
            said[place] = act()
        except Exception as error:
            said[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


@pytest.fixture
def open_one(stripe, customer, now):
    method = Method.objects.create(provider="stripe", name="Card")
    top_up = begin.begin(customer=customer, method_id=method.pk, amount=Decimal(25), form_key="f", now=now)
    begin.page_of(top_up)
    return top_up


def post(notice):
    body, headers = notice
    sent = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    return lambda: (
        Client().post("/payments/process/stripe/", data=body, content_type="application/json", **sent).status_code
    )


def test_notices_at_once_are_one_credit(stripe, open_one, customer):
    session = stripe.pay(open_one.transaction_id)
    notice = stripe.notice("checkout.session.completed", session)
    assert at_once(*[post(notice)] * 4) == [200] * 4
    assert balance(customer) == OPENED + 25
    assert audit().problems == []


def test_a_notice_and_an_operator_at_once_are_one_credit(stripe, open_one, customer, operator):
    notice = stripe.notice("checkout.session.completed", stripe.pay(open_one.transaction_id))

    def approve():
        return decide.approve(top_up_id=open_one.pk, received=Decimal(25), operator=operator, now=timezone.now())

    at_once(post(notice), approve)
    assert balance(customer) == OPENED + 25
    assert TopUp.objects.get().state == "PAID"


def test_disputes_at_once_take_once(stripe, open_one, customer):
    session = stripe.pay(open_one.transaction_id)
    post(stripe.notice("checkout.session.completed", session))()
    told = dispute(session)
    kinds = ["charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.updated"]
    assert at_once(*[post(stripe.notice(kind, told)) for kind in kinds]) == [200] * 3
    assert balance(customer) == OPENED
    assert Debt.objects.count() == 1


@pytest.mark.parametrize("kind", ["GIFT", "SOLD"])
def test_of_two_who_redeem_a_voucher_one_wins(customer, stranger, operator, now, kind):
    _batch, (code,) = vouchers.make(
        name="n", kind=kind, amount=Decimal(7), count=1, expires_at=None, form_key="k", operator=operator, now=now
    )

    def by(user):
        return lambda: vouchers.redeem(customer=user, code=code, now=timezone.now())

    said = at_once(by(customer), by(stranger), by(customer), by(stranger))
    assert sum(isinstance(one, Voucher) for one in said) == 1
    assert sum(isinstance(one, vouchers.CantRedeem) for one in said) == 3
    assert balance(customer) + balance(stranger) == OPENED + 7


def test_the_same_form_at_once_is_one_top_up(stripe, customer, now):
    method = Method.objects.create(provider="stripe", name="Card")

    def send():
        return begin.begin(customer=customer, method_id=method.pk, amount=Decimal(25), form_key="same", now=now).pk

    assert len(set(at_once(send, send, send))) == 1
    assert TopUp.objects.count() == 1


def test_a_purchase_and_a_dispute_at_once_leave_no_balance_below_zero(stripe, open_one, customer):
    session = stripe.pay(open_one.transaction_id)
    post(stripe.notice("checkout.session.completed", session))()

    def spend():
        return ledger.hold(account=ledger.account_of(customer), amount=Decimal(75), key="all", now=timezone.now())

    at_once(spend, post(stripe.notice("charge.dispute.created", dispute(session))))
    account = ledger.account_of(customer)
    assert account.balance >= account.held >= 0
    debt = Debt.objects.get()
    assert account.balance + debt.paid == OPENED + 25
    assert debt.left + debt.paid == 25


def test_a_deposit_and_an_operator_who_collects_do_not_wait_for_each_other(stripe, open_one, customer):
    """Both lock the customer's money first: otherwise PostgreSQL would end one of them as a deadlock."""
    session = stripe.pay(open_one.transaction_id)
    post(stripe.notice("checkout.session.completed", session))()
    ledger.hold(account=ledger.account_of(customer), amount=Decimal(75), key="all", now=timezone.now())
    post(stripe.notice("charge.dispute.created", dispute(session)))()
    debt, locked = Debt.objects.get(), threading.Event()

    def deposit():
        with transaction.atomic():
            now, account = timezone.now(), ledger.account_of(customer)
            ledger.deposit(account=account, amount=Decimal(5), key="more", now=now)
            locked.set()
            time.sleep(0.5)
            debts.pay(customer=customer, cause="more", now=now)

    def collect():
        locked.wait(5)
        return debts.collect(debt_id=debt.pk, now=timezone.now())

    paid, collected = at_once(deposit, collect)
    assert paid is None
    assert isinstance(collected, debts.CantCollect)
    debt.refresh_from_db()
    assert debt.paid == 5
