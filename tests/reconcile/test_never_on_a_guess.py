"""The vendor did charge the doubt, and something else moved as if it had not: it must never go out again by itself."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings as shop_settings
from django.utils import timezone

from catalog.models import Service
from core.models import Alert
from orders import poll, resolve, states, submit
from orders.models import Attempt, Order, Plan
from orders.plans import begin
from orders.plans.run import run_due
from reconcile import evidence
from reconcile.models import Finding as Found
from reconcile.restored import after_restore
from reconcile.run import reconcile
from sms import acquire, listen
from sms import states as sms_states
from sms.models import Number
from tests.orders.conftest import catalogue, placed, rich, sandbox
from tests.reconcile.test_evidence import again, read, send, weigh
from tests.sms.conftest import bought, project, projects
from upstream.client import Client
from upstream.evidence import Finding

__all__ = ["bought", "catalogue", "placed", "project", "projects", "rich", "sandbox", "send"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_patience(settings, sandbox):
    settings.UPSTREAM_EVIDENCE_WAIT = 0
    sandbox.set_balance(Decimal("100000.0101"))


def ask():
    """Everything that runs is asked for."""
    Order.objects.filter(state=states.RUNNING).update(next_poll_at=timezone.now())
    poll.poll_due()
    Number.objects.filter(state__in=sms_states.LIVE).update(next_poll_at=timezone.now())
    listen.listen_due()


def long_over(purchase):
    """So long ago that the vendor no longer acts on its call, with readings since."""
    purchase.attempts.update(finished_at=timezone.now() - timedelta(hours=1))
    for _ in range(4):
        read()


def stays(purchase):
    """Weighed, it is not sent again."""
    weigh()
    assert again(purchase).state == states.UNCERTAIN, purchase.events.last().note


@pytest.fixture
def lose(bought, sandbox):
    """`lose()` buys a number whose answer is lost after it was charged."""

    def lose():
        purchase = bought(1)
        sandbox.fault("lost_after", action="add_sms", times=1)
        assert acquire.acquire(purchase_id=purchase.pk) == sms_states.UNCERTAIN
        return purchase

    return lose


def test_its_price_rose_and_another_doubt_costs_as_much_now(placed, send, sandbox):
    read()
    order = placed(1, quantity=1000)
    rate = sandbox.vendor.services[1].rate * Decimal("1.1")
    sandbox.vendor.set_service(1, rate=rate)
    Service.objects.filter(upstream_id=1).update(rate=rate, price=rate * 2)
    Order.objects.filter(pk=order.pk).update(charge=order.cost * 3)
    sandbox.fault("lost_after", action="add", times=1)
    submit.submit(order_id=order.pk)
    send("lost_before", quantity=1000)
    read()
    stays(order)


def test_an_older_doubt_that_was_charged_is_paid_back_just_now(send, sandbox):
    sandbox.plan(behaviour="cancel", seconds=600, times=1)
    read()
    older = send("lost_after")
    read()
    assert weigh() == (1, 0, 1)
    long_over(older)
    order = send("lost_after")
    sandbox.advance(700)
    read()
    stays(order)


def test_numbers_of_an_older_doubt_expire_just_now(lose, sandbox, project):
    sandbox.plan_sms(project=project.upstream_id, behaviour="expire", lifetime=600)
    read()
    older = lose()
    read()
    assert weigh() == (1, 0, 1)
    long_over(older)
    sandbox.plan_sms(project=project.upstream_id, behaviour="code", lifetime=6000)
    purchase = lose()
    sandbox.advance(700)
    read()
    stays(purchase)


def test_one_that_an_operator_gave_up_is_paid_back_just_now(send, sandbox, operator):
    sandbox.plan(behaviour="cancel", seconds=600, times=1)
    read()
    older = send("lost_after")
    read()
    resolve.give_up(order_id=older.pk, operator=operator, reason="the customer waits", now=timezone.now())
    long_over(older)
    order = send("lost_after")
    sandbox.advance(700)
    read()
    stays(order)


def test_one_that_an_operator_ended_is_paid_back_just_now(send, sandbox, operator):
    sandbox.plan(behaviour="cancel", seconds=600, times=1)
    read()
    older = send()
    ask()
    resolve.finish(order_id=older.pk, delivered=0, operator=operator, reason="stuck", now=timezone.now())
    Order.objects.filter(pk=older.pk).update(finished_at=timezone.now() - timedelta(hours=1))
    long_over(older)
    order = send("lost_after")
    sandbox.advance(700)
    read()
    stays(order)


def test_a_number_that_ended_by_our_clock_is_paid_back_later(bought, lose, sandbox, project):
    sandbox.plan_sms(project=project.upstream_id, behaviour="expire", lifetime=600, times=1)
    read()
    older = bought(1)
    acquire.acquire(purchase_id=older.pk)
    number = older.numbers.get()
    sandbox.vendor.force(number.upstream_id, drop=("expires_at",))
    ask()
    received = timezone.now() - timedelta(seconds=shop_settings.SMS_WAIT_SECONDS + 3600)
    Number.objects.update(received_at=received, expires_at=timezone.now() - timedelta(hours=1))
    listen.run_out(now=timezone.now())
    assert again(number).state == sms_states.EXPIRED
    Number.objects.update(finished_at=timezone.now() - timedelta(minutes=30))
    long_over(older)
    purchase = lose()
    sandbox.advance(700)
    read()
    stays(purchase)


def test_the_charge_of_a_running_order_falls(send, sandbox):
    other = send(upstream_id=4, quantity=50_000)
    ask()
    read()
    order = send("lost_after")
    assert again(other).taken > order.cost
    sandbox.set_balance(sandbox.vendor.balance + order.cost)
    sandbox.force(other.upstream_id, status="In progress", charge=str(other.taken - order.cost))
    read()
    stays(order)
    assert again(other).upstream_charge == other.taken - order.cost


def test_the_balance_is_told_in_cents(send, sandbox, monkeypatch):
    from upstream.sandbox import vendor

    monkeypatch.setattr(vendor, "show_balance", lambda amount: f"{amount:.2f}")
    read()
    order = send("lost_after", upstream_id=4, quantity=10_000)
    assert order.cost < Decimal("0.1")
    read()
    stays(order)


def test_a_number_beyond_what_was_asked_for_expires_just_now(bought, lose, sandbox, project, monkeypatch):
    sandbox.plan_sms(project=project.upstream_id, behaviour="expire", lifetime=600)
    read()
    older = bought(1)
    real = Client.add_sms
    with monkeypatch.context() as generous:
        generous.setattr(Client, "add_sms", lambda self, **wish: real(self, **{**wish, "quantity": 2}))
        acquire.acquire(purchase_id=older.pk)
    assert again(older).surplus == 1
    kept = older.numbers.get()
    sandbox.force(kept.upstream_id, status="code_received", code="1234")
    ask()
    long_over(older)
    sandbox.plan_sms(project=project.upstream_id, behaviour="code", lifetime=6000)
    purchase = lose()
    sandbox.advance(700)
    # The vendor keeps what it took for the number with the code; only the surplus one is paid back.
    sandbox.set_balance(sandbox.vendor.balance - sandbox.vendor.pay_backs[0].amount)
    read()
    stays(purchase)


def test_orders_that_a_restored_database_lost_are_paid_back_just_now(send, sandbox):
    sandbox.plan(behaviour="cancel", seconds=600, times=1)
    read()
    lost = send()
    Attempt.objects.filter(order=lost).delete()
    unsent = {"upstream_id": None, "accepted_at": None, "next_poll_at": None, "claim": ""}
    Order.objects.filter(pk=lost.pk).update(state=states.PLACED, **unsent)
    after_restore(now=timezone.now())
    for _ in range(4):
        read()
    order = send("lost_after")
    sandbox.advance(700)
    read()
    stays(order)
    # And once an operator has put the restore behind them, evidence counts again.
    Alert.objects.filter(key=evidence.RESTORED).update(resolved_at=timezone.now())
    read()
    fresh = send("lost_before", upstream_id=7)
    read()
    weigh()
    assert again(fresh).evidence.startswith("Balance")


def test_two_weigh_at_once_and_it_was_sent_again_in_the_meantime(send, sandbox, monkeypatch):
    read()
    order = send("lost_before")
    read()
    ask()
    real = evidence._send_again

    def slow(*arguments):
        monkeypatch.setattr(evidence, "_send_again", real)
        resolve.send_again(order_id=order.pk, operator=None, reason="the other one", now=timezone.now())
        sandbox.fault("lost_after", action="add", times=1)
        assert submit.submit(order_id=order.pk) == states.UNCERTAIN
        return real(*arguments)

    monkeypatch.setattr(evidence, "_send_again", slow)
    evidence.weigh_doubts(now=timezone.now())
    assert len(sandbox.vendor.purchases) == 1
    assert again(order).state == states.UNCERTAIN


def test_a_top_up_before_the_call_does_not_hide_its_charge(send, sandbox):
    read()
    sandbox.set_balance(sandbox.vendor.balance + 7)
    read()
    order = send("lost_after")
    read()
    assert weigh() == (1, 0, 1)
    assert again(order).finding == Finding.CHARGED


def test_a_top_up_of_its_cost_shows_in_the_readings_between(send, sandbox, settings):
    settings.UPSTREAM_EVIDENCE_WAIT = 60
    read()
    sandbox.set_balance(sandbox.vendor.balance + Decimal("0.05"))
    order = send("lost_before", upstream_id=3)
    read()
    sandbox.set_balance(sandbox.vendor.balance - Decimal("0.05"))
    Attempt.objects.update(finished_at=timezone.now() - timedelta(seconds=61))
    read()
    stays(order)
    assert "this one is odd" in again(order).evidence


def test_what_was_proved_goes_out_when_the_automatic_part_is_switched_on_again(send, settings):
    settings.UPSTREAM_EVIDENCE_ACTS = False
    read()
    order = send("lost_before")
    read()
    weigh()
    assert again(order).finding == Finding.NOT_CHARGED
    assert order.state == states.UNCERTAIN
    settings.UPSTREAM_EVIDENCE_ACTS = True
    assert weigh() == (1, 1, 0)
    assert again(order).state == states.PLACED


def test_a_doubt_of_a_restored_database_is_found_after_a_day(placed):
    order = placed(1)
    after_restore(now=timezone.now())
    assert again(order).state == states.UNCERTAIN
    reconcile(now=timezone.now() + timedelta(days=2))
    assert Found.objects.filter(key=f"order:{order.pk}:doubt", closed_at=None).exists()


def test_no_plan_of_a_restored_database_places_a_run_that_may_be_placed_already(catalogue, rich, now):
    service = next(each for each in catalogue.values() if not each.is_product)
    wish = {"customer": rich, "service_id": service.pk, "quantity": service.min, "link": "https://instagram.com/name"}
    start = now + timedelta(minutes=5)
    plan = begin.plan(**wish, runs=2, interval=10, start_at=start, now=now)
    after_restore(now=start)
    run_due(now=start + timedelta(hours=1))
    plan.refresh_from_db()
    assert (plan.state, plan.placed) == (Plan.State.PAUSED, 0)
