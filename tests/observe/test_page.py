"""`/metrics` tells who has the token how the shop is, in few queries, and says what it could not read."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from catalog.models import SyncRun
from core import heartbeat
from core.alerts import alert
from orders.models import Order
from reconcile import holds
from reconcile.models import Finding, Run
from reconcile.run import CHECKS
from reseller.celery import app
from reseller.observe import gauges, page
from reseller.tasks import count_ended
from sms.models import Number
from tests.lived_in import LivedIn
from tests.lived_in.fittings import fit
from tests.orders.conftest import catalogue, placed, rich
from tests.sms.conftest import projects
from tests.still import sandbox
from upstream.client import Unanswered
from upstream.client import client as vendor
from upstream.models import BalanceReading
from upstream.pace import current_pace

__all__ = ["catalogue", "placed", "projects", "rich", "sandbox"]
pytestmark = pytest.mark.django_db
SMM = 1
TOKEN = "a-token-of-the-tests"


@pytest.fixture(params=["redis", "database"])
def store(request, broker, settings, counted):
    """With Redis, and without it."""
    if request.param == "database":
        settings.CELERY_BROKER_URL = "memory://"


@pytest.fixture
def scrape(client, settings):
    """`scrape()`: {(name, {label: word, …} as sorted pairs): value}, as Prometheus reads it."""
    settings.METRICS_TOKEN = TOKEN

    def read():
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", "Host": "10.0.0.1:8000"})
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert response.headers["Cache-Control"].startswith("max-age=0")
        return {
            (sample.name, *(word for _label, word in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(response.content.decode())
            for sample in family.samples
        }

    return read


class TestWhoMayRead:
    def test_nobody_without_a_token_in_the_settings(self, client, settings):
        settings.METRICS_TOKEN = ""
        for header in ("", "Bearer ", "Bearer None"):
            assert client.get("/metrics", headers={"Authorization": header}).status_code == 404

    @pytest.mark.parametrize(
        "header", ["", "Bearer", TOKEN, f"bearer {TOKEN}", f"Bearer {TOKEN} ", "Bearer ä", "Basic x"]
    )
    def test_nobody_without_the_very_token(self, client, settings, header):
        settings.METRICS_TOKEN = TOKEN
        response = client.get(f"/metrics?token={TOKEN}&access_token={TOKEN}", headers={"Authorization": header})
        assert response.status_code == 401
        assert "shop_" not in response.content.decode()

    def test_not_an_operator_either(self, client, settings, operator):
        settings.METRICS_TOKEN = TOKEN
        client.force_login(operator)
        assert client.get("/metrics").status_code == 401

    def test_only_by_reading(self, client, settings):
        settings.METRICS_TOKEN = TOKEN
        assert client.post("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 405

    def test_who_has_it_over_plain_http_inside(self, scrape, settings):
        settings.SECURE_SSL_REDIRECT = True
        assert scrape()["shop_release", settings.RELEASE] == 1


def test_a_shop_that_nobody_has_used_yet_is_told(scrape, store):
    found = scrape()
    assert all(found["shop_metrics_ok", part] == 1 for part in [*gauges.parts(None), "counts"])
    assert found["shop_orders", "PLACED"] == found["shop_uncertain",] == found["shop_breaker_open", "all"] == 0
    # What was never seen has no age: 0 would look well.
    for name in ("shop_audit_ok", "shop_worker_age_seconds", "shop_sync_age_seconds", "shop_beat_timestamp_seconds"):
        assert not [key for key in found if key[0] == name]


def test_orders_and_their_ages_are_told(scrape, store, placed, now):
    orders = [placed(SMM) for _ in range(3)]
    Order.objects.filter(pk=orders[0].pk).update(state="UNCERTAIN", placed_at=now - timedelta(hours=2))
    Order.objects.filter(pk=orders[1].pk).update(placed_at=now - timedelta(minutes=3))
    found = scrape()
    assert found["shop_orders", "PLACED"] == 2
    assert found["shop_orders", "UNCERTAIN"] == found["shop_uncertain",] == 1
    assert 180 <= found["shop_orders_oldest_seconds", "PLACED"] < 240
    assert 7200 <= found["shop_orders_oldest_seconds", "UNCERTAIN"] < 7260
    assert found["shop_orders_oldest_seconds", "RUNNING"] == 0


def test_a_shop_that_is_lived_in_is_told_in_twelve_queries(scrape, store, catalogue, projects, now, settings):
    fit(settings)
    LivedIn(now=now, step=timedelta(minutes=5)).open()
    with CaptureQueriesContext(connection) as asked:
        found = scrape()
    # Adding counts to a table is a transaction of its own, and no question.
    questions = [query["sql"] for query in asked if query["sql"].startswith("SELECT")]
    assert len(questions) <= 12, "\n".join(questions)
    assert found["shop_numbers", "WAITING"] == Number.objects.filter(state="WAITING").count() > 0
    assert found["shop_orders", "RUNNING"] == Order.objects.filter(state="RUNNING").count() > 0
    assert found["shop_customers_balance_usd",] > found["shop_customers_held_usd",] > 0


def test_what_is_over_is_counted_by_a_task(scrape, store, catalogue, projects, now, settings):
    fit(settings)
    LivedIn(now=now, step=timedelta(minutes=5)).open()
    assert not [key for key in scrape() if key[0] == "shop_ended"]
    count_ended()
    found = scrape()
    # Labels in alphabetical order: state, what.
    assert found["shop_ended", "COMPLETED", "order"] == Order.objects.filter(state="COMPLETED").count() > 0
    assert found["shop_ended", "FINISHED", "number"] == Number.objects.filter(state="FINISHED").count() > 0
    assert ("shop_ended", "RUNNING", "order") not in found


def test_calls_to_the_vendor_and_its_breaker_are_told(scrape, store):
    pace = current_pace()
    passage = pace.enter(lease=60)
    found = scrape()
    assert (found["shop_pace_calls",], found["shop_breaker_open", "all"]) == (1, 0)
    pace.trip(passage, "slow down", "the vendor asks us to slow down", 60)
    pace.leave(passage)
    found = scrape()
    assert (found["shop_pace_calls",], found["shop_breaker_open", "all"], found["shop_breaker_open", "buy"]) == (
        0,
        1,
        0,
    )
    assert 50 < found["shop_breaker_rest_seconds", "all"] <= 60
    assert found["shop_breaker_failures", "all"] == 1


def test_calls_and_their_errors_are_counted_by_action(scrape, counted, sandbox):
    vendor().balance()
    sandbox.fault("http_500", action="balance", times=1)
    with pytest.raises(Unanswered):
        vendor().balance()
    found = scrape()
    assert found["shop_upstream_seconds_count", "balance"] == 2
    assert found["shop_upstream_seconds_bucket", "balance", "+Inf"] == 2
    assert 0 < found["shop_upstream_seconds_sum", "balance"] < 10
    assert found["shop_upstream_errors_total", "balance", "failing"] == 1


def test_syncs_workers_balance_and_alerts_are_told(scrape, store, now):
    run = {"kind": "catalogue", "started_at": now - timedelta(hours=3)}
    SyncRun.objects.create(**run, finished_at=now - timedelta(hours=2), ok=True)
    SyncRun.objects.create(**run, finished_at=now - timedelta(hours=1), ok=False)
    heartbeat.beat("codes", now=now - timedelta(seconds=50))
    BalanceReading.objects.create(balance=Decimal("12.345678"), read_at=now - timedelta(minutes=5))
    alert(key="a", subject="x", severity="CRITICAL", now=now)
    found = scrape()
    assert 7200 <= found["shop_sync_age_seconds", "catalogue"] < 7260
    assert 50 <= found["shop_worker_age_seconds", "codes"] < 60
    assert found["shop_vendor_balance_usd",] == 12.345678
    assert found["shop_vendor_balance_low_usd",] == 20
    assert 300 <= found["shop_vendor_balance_age_seconds",] < 360
    assert (found["shop_alerts_open", "CRITICAL"], found["shop_alerts_open", "WARNING"]) == (1, 0)


def test_queues_are_told_where_the_broker_is_redis(scrape, counted):
    app.send_task("nobody.knows.it", queue="mail")
    found = scrape()
    assert (found["shop_queue_tasks", "mail"], found["shop_queue_tasks", "codes"]) == (1, 0)


class TestTheAudit:
    def run(self, at, **more):
        return Run.objects.create(started_at=at, finished_at=at, **more)

    def test_that_found_nothing_is_well(self, scrape, store, now):
        self.run(now - timedelta(minutes=30))
        found = scrape()
        assert found["shop_audit_ok",] == 1
        assert 1800 <= found["shop_audit_age_seconds",] < 1860

    @pytest.mark.parametrize("kind", holds.KINDS)
    def test_that_found_something_is_not(self, scrape, store, now, kind):
        self.run(now)
        finding = Finding.objects.create(
            kind=kind, key="k", severity="CRITICAL", subject="x", first_at=now, last_at=now
        )
        assert scrape()["shop_audit_ok",] == 0
        Finding.objects.filter(pk=finding.pk).update(closed_at=now)
        assert scrape()["shop_audit_ok",] == 1

    def test_that_broke_is_not_and_its_age_is_the_last_good_ones(self, scrape, store, now):
        self.run(now - timedelta(hours=2))
        self.run(now, broken=["books"])
        found = scrape()
        assert found["shop_audit_ok",] == 0
        assert 7200 <= found["shop_audit_age_seconds",] < 7260

    def test_is_called_as_the_reconciliation_calls_it(self):
        assert gauges.AUDIT in [check.name for check in CHECKS]


class TestWhatIsAway:
    def test_a_broker_that_is_gone_takes_only_its_own(self, scrape, counted, settings):
        settings.CELERY_BROKER_URL = "redis://user:hunter2@127.0.0.1:9/0"
        found = scrape()
        away = {part for part in [*gauges.parts(None), "counts"] if found["shop_metrics_ok", part] == 0}
        assert away == {"pace", "counts"}
        assert found["shop_orders", "PLACED"] == 0
        assert not [key for key in found if key[0] in ("shop_breaker_open", "shop_queue_tasks")]

    def test_a_database_that_is_gone_takes_only_its_own(self, scrape, counted, monkeypatch):
        def gone(*args, **kwargs):
            raise OperationalError("connection to server at hunter2 failed")

        monkeypatch.setattr(connection, "cursor", gone)
        found = scrape()
        away = {part for part in [*gauges.parts(None), "counts"] if found["shop_metrics_ok", part] == 0}
        assert away == {"states", "syncs", "workers", "audit", "money"}
        assert found["shop_breaker_open", "all"] == 0


def test_no_label_is_an_id_or_a_text_of_others(scrape, client, customer, counted):
    client.force_login(customer)
    client.get("/orders/123456789/?q=odd")
    client.get("/odd-odd-odd")
    assert not [key for key in scrape() if "odd" in str(key) or "123456789" in str(key)]


def test_names_are_of_the_standard_form():
    for family in page.families():
        if family.name.startswith("test_"):  # another test's, in this process
            continue
        assert family.name.startswith("shop_")
        assert family.documentation.endswith(".")
