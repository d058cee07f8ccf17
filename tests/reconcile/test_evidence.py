"""Doubts settled by the vendor's balance: against a real vendor who loses answers before and after it charged."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from core.models import Alert
from orders import evidence as orders_evidence
from orders import poll, resolve, states, submit
from orders.models import Attempt, Order, OrderEvent
from reconcile import evidence
from reseller.books import audit
from sms import acquire, listen
from sms import states as sms_states
from sms.models import Number, Purchase
from tests.orders.conftest import catalogue, placed, rich, sandbox
from tests.sms.conftest import bought, project, projects
from upstream.balance import read_balance
from upstream.evidence import Finding
from upstream.models import BalanceReading

__all__ = ["bought", "catalogue", "placed", "project", "projects", "rich", "sandbox"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_patience(settings, sandbox):
    settings.UPSTREAM_EVIDENCE_WAIT = 0
    # A balance that shows its finest digits.
    sandbox.set_balance(Decimal("100000.0101"))
    yield
    assert audit().problems == []


def read():
    reading = read_balance(now=timezone.now())
    assert reading is not None
    return reading


def weigh():
    """Everything that runs is asked for, and then the doubts are weighed."""
    Order.objects.filter(state=states.RUNNING).update(next_poll_at=timezone.now())
    poll.poll_due()
    Number.objects.filter(state__in=sms_states.LIVE).update(next_poll_at=timezone.now())
    listen.listen_due()
    return evidence.weigh_doubts(now=timezone.now())


@pytest.fixture
def send(sandbox, placed):
    """`send(fault)` places an order and sends it with the fault in the way."""

    def send(fault="", upstream_id=1, **more):
        order = placed(upstream_id, **more)
        if fault:
            sandbox.fault(fault, action="add", times=1)
        submit.submit(order_id=order.pk)
        order.refresh_from_db()
        return order

    return send


def again(row):
    row.refresh_from_db()
    return row


def test_an_order_that_was_not_charged_goes_out_again_by_itself(send, sandbox):
    read()
    order = send("lost_before")
    assert order.state == states.UNCERTAIN
    read()
    assert weigh() == (1, 1, 0)
    assert again(order).state == states.PLACED
    assert order.attempts.get().outcome == Attempt.Outcome.DISPROVED
    event = order.events.get(kind=OrderEvent.Kind.RESOLVED)
    assert event.actor is None
    assert "proves that it was not charged" in event.note
    assert "$0.00 left" in event.note
    assert not Alert.objects.filter(key=f"order:{order.pk}:uncertain", resolved_at=None).exists()
    assert submit.submit(order_id=order.pk) == states.RUNNING
    assert len(sandbox.vendor.purchases) == 1


def test_an_order_that_was_charged_waits_for_an_operator_with_the_figures(send, sandbox):
    read()
    order = send("lost_after")
    read()
    assert weigh() == (1, 0, 1)
    assert again(order).state == states.UNCERTAIN
    assert order.finding == Finding.CHARGED
    assert "Only its own charge explains the drift." in order.evidence
    told = Alert.objects.get(key=f"order:{order.pk}:uncertain", resolved_at=None)
    assert "was charged" in told.subject
    assert order.evidence in told.detail
    # Weighed once: nothing is left to find out.
    assert weigh() == (0, 0, 0)


def test_other_orders_that_are_known_do_not_hide_it(send, sandbox):
    read()
    send(upstream_id=3)
    lost = send("lost_before")
    kept = send("lost_after", upstream_id=4, quantity=50_000)
    send(upstream_id=7)
    read()
    # More left than the other one can have cost: so this one was charged. The other may have been as well.
    assert weigh() == (2, 0, 1)
    assert again(kept).finding == Finding.CHARGED
    assert again(lost).finding == Finding.AMBIGUOUS


def test_of_two_alike_one_of_which_was_charged_nothing_is_known(send):
    read()
    first, second = send("lost_before"), send("lost_after")
    read()
    assert weigh() == (2, 0, 0)
    for order in (again(first), again(second)):
        assert order.state == states.UNCERTAIN
        assert order.finding == Finding.AMBIGUOUS
        assert "Both are possible." in order.evidence


def test_it_is_too_early_while_the_vendor_may_still_act_on_it(send, settings):
    settings.UPSTREAM_EVIDENCE_WAIT = 60
    read()
    order = send("lost_before")
    read()
    assert weigh() == (1, 0, 0)
    assert again(order).finding == ""
    Attempt.objects.update(finished_at=timezone.now() - timedelta(seconds=61))
    read()
    assert weigh() == (1, 1, 0)


def test_without_a_reading_before_it_there_is_no_evidence(send):
    order = send("lost_before")
    read()
    assert weigh() == (1, 0, 0)
    assert again(order).finding == Finding.AMBIGUOUS
    assert order.evidence == "Our balance was not read before it was sent."


def test_what_runs_has_to_be_asked_for_first(send):
    read()
    send()
    order = send("lost_before")
    read()
    assert evidence.weigh_doubts(now=timezone.now()) == (1, 0, 0)
    assert again(order).finding == ""
    assert weigh() == (1, 1, 0)


def test_what_was_sold_since_the_reading_does_not_delay_it(send):
    read()
    order = send("lost_before")
    read()
    send()
    assert evidence.weigh_doubts(now=timezone.now()) == (1, 1, 0)
    assert again(order).state == states.PLACED


def test_the_automatic_part_can_be_switched_off(send, settings):
    settings.UPSTREAM_EVIDENCE_ACTS = False
    read()
    order = send("lost_before")
    read()
    assert weigh() == (1, 0, 0)
    assert again(order).state == states.UNCERTAIN
    assert order.finding == Finding.NOT_CHARGED
    assert "leaves no room for its charge" in order.evidence


def test_a_pay_back_between_the_readings_is_taken_into_account(send, sandbox):
    sandbox.plan(behaviour="cancel", seconds=5, times=1)
    send()
    read()
    poll_now()
    order = send("lost_after")
    sandbox.advance(10)
    read()
    # The cancellation is seen after the reading: whether it came before it, only the next one can tell.
    assert weigh() == (1, 0, 0)
    assert again(order).finding == Finding.AMBIGUOUS
    read()
    # As much came back as was charged: the balance has not moved.
    assert weigh() == (1, 0, 1)
    assert again(order).finding == Finding.CHARGED


def test_a_charge_that_was_paid_back_again_shows_in_a_reading_between(send, sandbox, settings):
    settings.UPSTREAM_EVIDENCE_WAIT = 60
    sandbox.plan(behaviour="cancel", seconds=5, times=1)
    read()
    send("lost_after")
    read()
    sandbox.advance(10)
    assert len(sandbox.vendor.pay_backs) == 1
    Attempt.objects.update(finished_at=timezone.now() - timedelta(seconds=61))
    BalanceReading.objects.update(read_at=timezone.now() - timedelta(seconds=200))
    read()
    assert weigh() == (1, 0, 1)


def test_a_purchase_of_numbers_that_was_not_charged_goes_out_again(bought, sandbox):
    read()
    purchase = bought(quantity=3)
    sandbox.fault("lost_before", action="add_sms", times=1)
    assert acquire.acquire(purchase_id=purchase.pk) == sms_states.UNCERTAIN
    read()
    assert weigh() == (1, 1, 0)
    assert again(purchase).state == sms_states.PLACED
    assert acquire.acquire(purchase_id=purchase.pk) == sms_states.RUNNING
    assert Number.objects.count() == 3


def test_a_purchase_of_numbers_that_was_charged_waits(bought, sandbox, project):
    sandbox.plan_sms(project=project.upstream_id, give=2)
    read()
    other, purchase = bought(quantity=2), bought(quantity=3)
    assert acquire.acquire(purchase_id=other.pk) == sms_states.RUNNING
    sandbox.fault("lost_after", action="add_sms", times=1)
    assert acquire.acquire(purchase_id=purchase.pk) == sms_states.UNCERTAIN
    read()
    assert weigh() == (1, 0, 1)
    assert again(purchase).finding == Finding.CHARGED
    assert Alert.objects.filter(key=f"purchase:{purchase.pk}:uncertain", subject__contains="was charged").exists()


def test_numbers_that_ended_between_the_readings_are_taken_into_account(bought, sandbox, project):
    sandbox.plan_sms(project=project.upstream_id, behaviour="cancel", seconds=5, times=1)
    waiting = bought(quantity=2)
    acquire.acquire(purchase_id=waiting.pk)
    read()
    weigh()
    purchase = bought(quantity=2)
    sandbox.fault("lost_after", action="add_sms", times=1)
    acquire.acquire(purchase_id=purchase.pk)
    sandbox.advance(10)
    assert len(sandbox.vendor.pay_backs) == 2
    weigh()
    read()
    assert weigh() == (1, 0, 1)
    assert again(waiting).state == sms_states.CLOSED
    assert again(purchase).finding == Finding.CHARGED


def test_an_operator_s_find_counts_as_charged_for_the_others(send, sandbox, operator, now):
    read()
    found, lost = send("lost_after", upstream_id=3), send("lost_before")
    resolve.found(
        order_id=found.pk,
        upstream_id=sandbox.vendor.purchases[0].order,
        operator=operator,
        reason="seen there",
        now=now,
    )
    assert found.attempts.get().outcome == Attempt.Outcome.FOUND
    read()
    assert weigh() == (1, 1, 0)
    assert again(lost).state == states.PLACED


def test_a_doubt_after_a_proof_is_weighed_anew(send, sandbox):
    read()
    order = send("lost_before")
    read()
    assert weigh() == (1, 1, 0)
    sandbox.fault("lost_after", action="add", times=1)
    assert submit.submit(order_id=order.pk) == states.UNCERTAIN
    assert again(order).finding == ""
    assert order.evidence == ""
    read()
    assert weigh() == (1, 0, 1)
    assert Purchase.objects.count() == 0


def test_readings_that_overlap_are_not_kept(sandbox, db):
    """A reading that another one overtook would not say what came before it."""
    older = BalanceReading.begun.create(read_at=timezone.now())
    assert BalanceReading.last_taken() == 0
    assert BalanceReading.last_begun() == older.pk
    newer = read()
    assert BalanceReading.last_taken() == newer.pk
    assert not orders_evidence.unheard(newer)


def poll_now():
    Order.objects.filter(state=states.RUNNING).update(next_poll_at=timezone.now())
    assert poll.poll_due()
