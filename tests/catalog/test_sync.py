"""Copying the vendor's catalogue: atomic, guarded, and no row is ever lost."""

import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from catalog.models import Category, MarkupRule, PriceChange, Service, Subcategory, SyncRun
from catalog.reprice import reprice
from catalog.sync import SyncFailed, sync_catalog
from core.models import Alert

pytestmark = pytest.mark.django_db


def on_sale():
    return Service.objects.filter(state=Service.State.ON_SALE)


def snapshot():
    return list(Service.objects.order_by("pk").values_list("upstream_id", "name", "rate", "price", "state", "stock"))


def test_the_first_sync_brings_everything(sandbox):
    run = sync_catalog()
    assert (run.ok, run.seen, run.added, run.changed, run.withdrawn) == (True, 40, 40, 0, 0)
    assert on_sale().count() == 40
    gmail = Service.objects.get(upstream_id=2)
    assert gmail.entity == Service.Entity.PRODUCT
    assert gmail.unit == 1
    assert gmail.price == gmail.rate * Decimal("1.25")


def test_a_category_that_is_not_listed_is_kept_under_its_own_name(sandbox):
    sync_catalog()
    assert Service.objects.get(upstream_id=2).category.name == "Accounts-Email"


def test_subcategories_are_learned_by_asking_for_each(sandbox):
    sync_catalog()
    assert Subcategory.objects.exists()
    listed = set(Category.objects.exclude(learned_at=None).values_list("pk", flat=True))
    assert listed
    assert on_sale().filter(category_id__in=listed, subcategory=None).count() < on_sale().count() / 2
    asked = sandbox.received.total()
    sync_catalog()
    assert sandbox.received.total() - asked == 2  # categories and services: nothing new to learn


def test_a_second_sync_changes_nothing(sandbox):
    sync_catalog()
    before = snapshot()
    run = sync_catalog()
    assert (run.added, run.changed, run.withdrawn) == (0, 0, 0)
    assert snapshot() == before
    assert not PriceChange.objects.exists()


def test_a_new_rate_moves_the_price_and_is_kept_as_history(sandbox):
    sync_catalog()
    before = Service.objects.get(upstream_id=1)
    sandbox.set_service(1, rate=Decimal("9.99"))
    assert sync_catalog().changed == 1
    after = Service.objects.get(upstream_id=1)
    assert after.rate == Decimal("9.99")
    assert after.price == Decimal("12.4875")
    change = PriceChange.objects.get()
    assert (change.old_price, change.new_price) == (before.price, after.price)


def test_a_vanished_service_is_withdrawn_and_comes_back_as_itself(sandbox):
    sync_catalog()
    known = Service.objects.get(upstream_id=1)
    sandbox.set_service(1, gone=True)
    assert sync_catalog().withdrawn == 1
    known.refresh_from_db()
    assert known.state == Service.State.WITHDRAWN
    sandbox.set_service(1, gone=False)
    assert sync_catalog().changed == 1
    known.refresh_from_db()
    assert (known.state, known.withdrawn_at) == (Service.State.ON_SALE, None)


def test_a_suspended_service_stays_off_sale(sandbox):
    sync_catalog()
    Service.objects.filter(upstream_id=1).update(state=Service.State.SUSPENDED)
    sync_catalog()
    assert Service.objects.get(upstream_id=1).state == Service.State.SUSPENDED


@pytest.mark.parametrize("kind", ["empty_catalogue", "http_500", "html", "broken_json", "http_429", "lost_after"])
def test_a_bad_answer_changes_nothing_and_alerts(sandbox, kind):
    sync_catalog()
    before = snapshot()
    sandbox.fault(kind, action="services")
    with pytest.raises(SyncFailed):
        sync_catalog()
    assert snapshot() == before
    run = SyncRun.objects.first()
    assert not run.ok
    assert run.problem
    assert Alert.objects.filter(key="sync:catalogue", resolved_at=None).count() == 1


def test_a_good_sync_resolves_the_alert(sandbox, broker):
    sandbox.fault("empty_catalogue", action="services", times=1)
    with pytest.raises(SyncFailed):
        sync_catalog()
    sync_catalog()
    assert not Alert.objects.filter(resolved_at=None).exists()


def test_losing_more_than_a_fifth_changes_nothing_until_an_operator_says_so(sandbox):
    sync_catalog()
    before = snapshot()
    sandbox.fault("withdraw", action="services", share=0.5)
    with pytest.raises(SyncFailed, match="accept-withdrawals"):
        sync_catalog()
    assert snapshot() == before
    run = sync_catalog(accept_withdrawals=True)
    assert run.withdrawn > 8


def test_exactly_a_fifth_is_withdrawn(sandbox):
    sync_catalog()
    for number in range(1, 9):
        sandbox.set_service(number, gone=True)
    assert sync_catalog().withdrawn == 8


def test_bad_rows_are_skipped_and_named_and_their_services_stay(sandbox):
    sync_catalog()
    sandbox.fault("bad_rows", action="services", rows=7)
    run = sync_catalog()
    assert run.ok
    assert run.skipped >= 1
    assert len(run.skipped_rows) == run.skipped
    assert all("row" in line or "service" in line for line in run.skipped_rows)
    assert run.withdrawn <= run.skipped


def test_numbers_as_text_are_read_all_the_same(sandbox):
    sync_catalog()
    before = snapshot()
    sandbox.fault("as_text", action="services")
    sync_catalog()
    assert snapshot() == before


def test_hostile_names_are_one_line_of_text(sandbox):
    sandbox.set_service(1, name="Evil\u0000\n<script>alert(1)</script>\r\n\u202e")
    sync_catalog()
    name = Service.objects.get(upstream_id=1).name
    assert "\x00" not in name
    assert "\n" not in name
    assert "<script>" in name


def test_two_syncs_at_once_are_one(sandbox, now):
    SyncRun.objects.create(kind="catalogue", started_at=now)
    with pytest.raises(SyncFailed, match="under way"):
        sync_catalog()


def test_a_sync_whose_process_vanished_does_not_block_the_next(sandbox, now):
    from datetime import timedelta

    stale = SyncRun.objects.create(kind="catalogue", started_at=now - timedelta(hours=1))
    assert sync_catalog().ok
    stale.refresh_from_db()
    assert stale.problem == "its process vanished"


def test_a_rule_that_changed_reprices_and_keeps_what_was(sandbox):
    sync_catalog()
    MarkupRule.objects.update(percent=Decimal(100))
    changed = reprice(now=timezone.now())
    assert changed == 40
    service = Service.objects.get(upstream_id=1)
    assert service.price >= service.rate * 2
    assert PriceChange.objects.count() == 40
    assert reprice(now=timezone.now()) == 0


class TestTheCommand:
    def test_prints_its_figures_as_json(self, sandbox, capsys):
        call_command("sync_catalog")
        shown = json.loads(capsys.readouterr().out)
        assert shown["seen"] == 40
        assert set(shown) == {"seen", "added", "changed", "withdrawn", "skipped", "seconds"}

    def test_fails_with_a_reason_when_nothing_changed(self, sandbox):
        sandbox.fault("empty_catalogue", action="services")
        with pytest.raises(CommandError, match="empty"):
            call_command("sync_catalog")
