"""What stands still is found, and goes from the list by itself when it moves again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders import states, submit
from orders.models import Attempt, Order
from reconcile import silence
from reconcile.models import Finding
from sms import acquire
from sms import states as sms_states
from sms.models import Attempt as SmsAttempt
from sms.models import Number, Purchase
from tests.reconcile.conftest import open_findings

pytestmark = pytest.mark.django_db


@pytest.fixture
def look(at):
    """`look(hours)`: keys of what stands still then."""
    return lambda hours=0: [matter.key for matter in silence.look(None, at(hours))]


def test_a_running_order_without_news_is_found_after_the_days_set(shop, look, settings):
    settings.RECONCILE_SILENT_DAYS = 3
    order = shop.order(1)
    assert look(71) == []
    assert look(73) == [f"order:{order.pk}:silent"]


def test_progress_is_news(shop, look, now, settings):
    settings.RECONCILE_SILENT_DAYS = 3
    order = shop.order(1)
    Order.objects.filter(pk=order.pk).update(changed_at=now + timedelta(days=2))
    assert look(73) == []


def test_a_finished_order_is_never_silent(shop, look):
    shop.order(1)
    for _ in range(4):
        shop.later(3600)
    assert Order.objects.get().state in states.FINISHED
    assert look(10_000) == []


def test_placed_purchases_that_do_not_go_out_are_found(placed, bought, look, settings):
    settings.RECONCILE_WAITING_HOURS = 2
    order, purchase = placed(1), bought(1)
    assert look(1.9) == []
    assert look(2.1) == [f"order:{order.pk}:waiting", f"purchase:{purchase.pk}:waiting"]


def test_a_purchase_that_is_held_back_on_purpose_is_not_waiting(placed, look):
    order = placed(1)
    Order.objects.filter(pk=order.pk).update(below_cost="HELD")
    assert look(100) == []


def test_a_lease_that_nobody_ended_is_found(placed, bought, look, now):
    order, purchase = placed(1), bought(1)
    Order.objects.filter(pk=order.pk).update(state=states.SUBMITTING, leased_until=now)
    Purchase.objects.filter(pk=purchase.pk).update(state=sms_states.SUBMITTING, leased_until=now)
    assert look(0.1) == []
    assert look(0.2) == [f"order:{order.pk}:stuck", f"purchase:{purchase.pk}:stuck"]


def test_a_number_past_its_end_and_still_live_is_found(shop, look, now):
    number = shop.numbers(1).numbers.get()
    Number.objects.filter(pk=number.pk).update(expires_at=now)
    assert look(0.1) == []
    assert look(0.2) == [f"number:{number.pk}:stuck"]
    Number.objects.filter(pk=number.pk).update(state=sms_states.EXPIRED)
    assert look(0.2) == []


def test_a_doubt_of_more_than_a_day_is_found(placed, bought, sandbox, look, now):
    sandbox.fault("lost_after")
    order, purchase = placed(1), bought(1)
    submit.submit(order_id=order.pk)
    acquire.acquire(purchase_id=purchase.pk)
    # Placed long before, but in doubt only since now.
    Order.objects.update(placed_at=now - timedelta(days=9))
    assert look(23) == []
    assert look(25) == [f"order:{order.pk}:doubt", f"purchase:{purchase.pk}:doubt"]
    Attempt.objects.update(started_at=timezone.now() + timedelta(hours=20))
    SmsAttempt.objects.update(started_at=timezone.now() + timedelta(hours=20))
    # Nor does an earlier call that was not accepted make the doubt any older.
    Attempt.objects.create(order=order, claim="an earlier one", request={}, started_at=now - timedelta(days=9))
    assert look(25) == []


def test_an_outage_names_the_oldest_and_counts_the_rest(placed, look, monkeypatch):
    monkeypatch.setattr(silence, "SHOWN", 2)
    orders = [placed(1) for _ in range(5)]
    assert look(3) == [*(f"order:{order.pk}:waiting" for order in orders[:2]), "order:waiting:more"]


def test_a_finding_goes_by_itself_when_the_order_moves(placed, run):
    order = placed(1)
    run(3)
    assert open_findings() == [f"order:{order.pk}:waiting"]
    submit.submit(order_id=order.pk)
    run(4)
    assert open_findings() == []
    assert Finding.objects.get().closed_by is None
