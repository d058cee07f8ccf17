"""What workers do for numbers, task by task."""

from datetime import timedelta

import pytest
from celery.signals import before_task_publish
from django.utils import timezone

from catalog.models import SyncRun
from reseller.books import audit
from sms import acquire, states, tasks
from sms.by_hand import deliver_code, end_by_hand
from sms.models import Message, Number, Purchase
from upstream import forwarding

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(bought):
    """A number that waits for its code."""
    acquire.acquire(purchase_id=bought(1).pk)
    return Number.objects.get()


def test_a_nudge_does_not_pass_those_that_wait_for_the_sweep(bought, now):
    old, young = bought(1), bought(1)
    Purchase.objects.filter(pk=old.pk).update(not_before=now - forwarding.OVERDUE * 2)
    tasks.acquire_numbers(purchase_id=young.pk, nudged=True)
    assert Purchase.objects.get(pk=young.pk).state == states.PLACED
    tasks.acquire_numbers(purchase_id=old.pk, nudged=True)
    tasks.acquire_numbers(purchase_id=young.pk, nudged=True)
    assert set(Purchase.objects.values_list("state", flat=True)) == {states.RUNNING}


def test_without_a_broker_a_purchase_is_bought_all_the_same(bought, settings, tmp_path, caplog):
    purchase = bought(1)
    settings.CELERY_BROKER_URL = f"redis+socket://{tmp_path}/nobody.sock"
    tasks.nudge(purchase.pk)
    assert "not nudged, the sweep will find it" in caplog.text


def test_a_purchase_whose_worker_vanished_is_in_doubt(bought, now):
    purchase = bought(1)
    Purchase.objects.filter(pk=purchase.pk).update(
        state=states.SUBMITTING, claim="gone", leased_until=now - timedelta(minutes=1)
    )
    tasks.expire_leases()
    assert Purchase.objects.get().state == states.UNCERTAIN


def test_a_sweep_hands_out_what_is_due(bought, now):
    due, later = bought(1), bought(1)
    Purchase.objects.filter(pk=later.pk).update(not_before=now + timedelta(hours=1))
    handed = []

    @before_task_publish.connect
    def note(sender, body, **_more):
        handed.append((sender, body[1]))

    tasks.sweep_placed()
    assert handed == [("sms.tasks.acquire_numbers", {"purchase_id": due.pk})]


def test_messages_that_are_kept_no_longer_go_in_one_run(number, operator, now, settings):
    settings.GOODS_KEPT_DAYS = 30
    deliver_code(number_id=number.pk, code="1234", text="", operator=operator, reason="by chat", now=now)
    end_by_hand(number_id=number.pk, operator=operator, reason="enough", now=now - timedelta(days=31))
    tasks.purge_old_texts()
    assert Message.objects.get().code == ""
    assert Number.objects.get().texts_removed_at


def test_nobody_listens_while_nobody_waits(sandbox, projects):
    asked = sandbox.vendor.calls.total()
    tasks.listen_due()
    assert sandbox.vendor.calls.total() == asked


def test_a_number_that_waits_is_asked_for(number, sandbox, monkeypatch):
    monkeypatch.setattr(tasks, "LISTEN_SECONDS", 0.5)
    Number.objects.update(next_poll_at=timezone.now() - timedelta(seconds=1))
    tasks.listen_due()
    assert sandbox.vendor.calls["sms_status"] >= 1


def test_two_loops_of_a_process_listen_and_no_third(number, sandbox, monkeypatch):
    monkeypatch.setattr(tasks, "LISTEN_SECONDS", 0.5)
    Number.objects.update(next_poll_at=timezone.now() - timedelta(seconds=1))
    with tasks._listening, tasks._listening:
        tasks.listen_due()
    assert sandbox.vendor.calls["sms_status"] == 0
    tasks.listen_due()
    assert sandbox.vendor.calls["sms_status"] >= 1


def test_the_money_of_a_number_whose_time_is_over_is_free_again(number, now):
    Number.objects.update(expires_at=now - timedelta(hours=1))
    tasks.run_out()
    number.refresh_from_db()
    assert number.state == states.EXPIRED
    assert number.slot.hold.state == "RELEASED"
    assert audit().problems == []


def test_a_sync_that_fails_is_on_record_and_breaks_no_worker(sandbox, settings, projects):
    settings.UPSTREAM_URL = "http://127.0.0.1:9/api/v2"
    tasks.sync_numbers()
    run = SyncRun.objects.order_by("pk").last()
    assert not run.ok
    assert run.problem
