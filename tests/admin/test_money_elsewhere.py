"""Acts of operators on money that came from elsewhere: payments taken back, plans, accounts that are gone."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from desk.models import Request
from funds import begin as top_ups
from funds.models import Batch, Method, TopUp, Voucher
from funds.take_back import take_back
from funds.words import Reversal
from orders import states
from orders.models import Order, Plan
from orders.plans import begin, run
from orders.settle import settle
from orders.verdict import ended
from privacy import delete
from reseller.books import audit
from tests.admin.conftest import balance
from wallet import ledger
from wallet.models import Transfer

pytestmark = pytest.mark.django_db
YES = {"reason": "x", "confirmed": "1"}


@pytest.fixture(autouse=True)
def _books(db):
    yield
    assert audit().problems == []


def refund(desk, order, amount):
    page = reverse("admin:orders_order_refund", args=[order.pk])
    return desk.post(page, {"amount": f"{amount}", "key": uuid.uuid4(), **YES}).status_code


def settled(order, delivered, now):
    Order.objects.filter(pk=order.pk).update(state=states.RUNNING, upstream_id=70_000 + order.pk, accepted_at=now)
    return settle(order_id=order.pk, verdict=ended(order.quantity, delivered), now=now)


def test_a_run_of_a_plan_is_refunded_by_itself_and_the_rest_comes_back_when_it_is_stopped(desk, customer, service, now):
    plan = begin.plan(
        customer=customer, service_id=service.pk, quantity=1000, link="https://a.example", runs=3, interval=5, now=now
    )
    first = settled(plan.orders.get(), 1000, now)
    assert refund(desk, first, "1.26") == 200
    assert refund(desk, first, "1.25") == 302
    assert refund(desk, first, "0.01") == 200
    assert (balance(customer).balance, balance(customer).held) == (50, Decimal("2.5"))
    second = run.run(plan_id=plan.pk, now=now + timedelta(minutes=6))
    stop = reverse("admin:orders_plan_stop", args=[plan.pk])
    assert desk.post(stop, YES).status_code == 302
    assert desk.post(stop, YES).status_code == 200  # again
    assert run.run(plan_id=plan.pk, now=now + timedelta(minutes=60)) is None
    plan.refresh_from_db()
    assert plan.state == Plan.State.STOPPED
    assert (balance(customer).balance, balance(customer).held) == (50, Decimal("1.25"))
    settled(second, 500, now)
    assert refund(desk, second, "0.625") == 302
    assert (balance(customer).balance, balance(customer).held) == (50, 0)


@pytest.fixture
def top_up(customer, now):
    """20 USD that an operator is to look for at the bank."""
    method = Method.objects.create(provider="transfer", name="Bank", instructions="here")
    return top_ups.begin(customer=customer, method_id=method.pk, amount=Decimal(20), form_key="f", now=now)


def test_what_is_refunded_after_a_payment_was_taken_back_is_collected_once(desk, customer, make, top_up, now):
    credit = reverse("admin:funds_topup_credit", args=[top_up.pk])
    assert desk.post(credit, {"received": "20", **YES}).status_code == 302
    order = make.ended(quantity=56_000)  # all of the 70
    TopUp.objects.filter(pk=top_up.pk).update(payment_id="p")
    gone = Reversal(
        variant=top_up.variant, payment_id="p", matter="d", kind="DISPUTE", amount=Decimal(20), currency="USD"
    )
    debt = take_back(gone, provider=None, now=now)
    assert (debt.state, debt.left) == ("OPEN", 20)
    assert refund(desk, order, "30") == 302
    assert balance(customer).balance == 30
    collect = reverse("admin:funds_debt_collect", args=[debt.pk])
    assert desk.post(collect, YES).status_code == 302
    assert desk.post(collect, YES).status_code == 200
    assert desk.post(reverse("admin:funds_debt_forgive", args=[debt.pk]), YES).status_code == 200
    assert balance(customer).balance == 10
    assert Transfer.objects.get(kind="CHARGEBACK").amount == 20


def test_a_request_is_paid_back_once_whatever_is_sent(desk, customer, make, now):
    order = make.ended()
    wish = Request.objects.create(customer=customer, order=order, kind="OTHER", subject="s", asked_at=now)
    free = Request.objects.create(customer=customer, kind="OTHER", subject="s", asked_at=now)
    page = reverse("admin:desk_request_pay_back", args=[wish.pk])
    sent = {"amount": "1", "key": uuid.uuid4(), "answer": "Sorry.", **YES}
    for bad in ("NaN", "-1", "1e3", "0.0000001", "2"):
        assert desk.post(page, {**sent, "amount": bad}).status_code == 200
    assert desk.post(reverse("admin:desk_request_pay_back", args=[free.pk]), sent).status_code == 200
    assert desk.post(page, sent).status_code == 302
    assert desk.post(page, sent).status_code == 200
    assert desk.post(page, {**sent, "key": uuid.uuid4(), "amount": "0.25"}).status_code == 200
    assert refund(desk, order, "0.26") == 200
    assert balance(customer).balance == Decimal("49.75")


def test_a_top_up_is_credited_once_and_never_with_nonsense(desk, customer, top_up):
    page = reverse("admin:funds_topup_credit", args=[top_up.pk])
    for bad in ("NaN", "-20", "0", "1e9", "0.0000001", "1000000001", "0.000001"):
        assert desk.post(page, {"received": bad, **YES}).status_code == 200, bad
    assert desk.post(page, {"received": "20", **YES}).status_code == 302
    assert desk.post(page, {"received": "20", **YES}).status_code == 200
    assert desk.post(reverse("admin:funds_topup_refuse", args=[top_up.pk]), YES).status_code == 200
    top_up.refresh_from_db()
    assert (top_up.state, balance(customer).balance) == ("PAID", 70)


def test_vouchers_are_made_once_and_voided_once(desk):
    page = reverse("admin:funds_batch_add")
    sent = {"name": "n", "kind": "GIFT", "count": "3", "amount": "5", "key": uuid.uuid4()}
    for bad in ({"amount": "NaN"}, {"amount": "-5"}, {"amount": "1e3"}, {"count": "-1"}, {"count": "9" * 5000}):
        assert desk.post(page, {**sent, **bad}).status_code == 200, bad
    assert "attachment" in desk.post(page, sent)["Content-Disposition"]
    assert desk.post(page, sent).status_code == 200
    batch = Batch.objects.get()
    void = reverse("admin:funds_batch_void", args=[batch.pk])
    assert desk.post(void, YES).status_code == 302
    assert set(Voucher.objects.values_list("state", flat=True)) == {"VOID"}
    assert Voucher.objects.count() == 3


def test_money_of_an_account_that_is_deleted_stays_in_the_books(desk, customer, make):
    order = make.ended()
    delete.account(user=customer, gives_up_balance=True, now=timezone.now())
    customer.refresh_from_db()
    assert refund(desk, order, "1.25") == 302
    adjust = reverse("admin:wallet_account_adjust", args=[customer.pk])
    assert desk.post(adjust, {"amount": "-1.25", "key": uuid.uuid4(), **YES}).status_code == 302
    assert balance(customer).balance == 0
    assert ledger.account_of(customer).held == 0
