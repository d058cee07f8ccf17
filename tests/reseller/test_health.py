"""`/healthz` and `/readyz`, as a load balancer and an operator see them."""

import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from catalog.models import SyncRun
from core import heartbeat
from core.tasks import beat
from upstream.pace import current_pace


def ready(client):
    began = time.monotonic()
    response = client.get("/readyz")
    assert time.monotonic() - began < 3  # seconds
    return response.status_code, response.json()


def test_alive_asks_nobody(client, settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
    response = client.get("/healthz")  # without a database fixture, a query would fail this test
    assert (response.status_code, response.content) == (200, b"ok")


def test_neither_page_is_redirected_to_https(client, settings, db):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503


def test_ready_once_a_worker_has_beaten(client, db):
    status, report = ready(client)
    assert status == 503
    assert report["worker"] == {"ok": False, "why": "never seen", "age": None}
    assert report["database"] == report["broker"] == {"ok": True}

    beat(queue="submit")
    beat(queue="submit")
    status, report = ready(client)
    assert status == 200
    assert report["ok"] is True
    assert 0 <= report["worker"]["age"] < 5


def test_a_probe_that_fails_mails_nobody_and_fills_no_log(client, db, caplog, mailoutbox, settings):
    settings.ADMINS = [("Operator", "operator@example.com")]
    assert ready(client)[0] == 503
    assert not caplog.records
    assert not mailoutbox


def test_a_silent_worker_is_told(client, db, now):
    heartbeat.beat("submit", now=now - timedelta(seconds=50))
    status, report = ready(client)
    assert status == 503
    assert report["worker"]["why"] == "silent"
    assert report["worker"]["age"] >= 50


def test_an_old_catalogue_is_told_and_is_no_reason_to_close(client, db, now):
    beat(queue="submit")
    assert ready(client)[1]["catalogue"] == {"ok": False, "why": "never synced", "age": None}
    run = {"kind": "catalogue", "started_at": now - timedelta(hours=3)}
    SyncRun.objects.create(**run, finished_at=now - timedelta(hours=2), ok=True)
    SyncRun.objects.create(**run, finished_at=now - timedelta(hours=1), ok=False)
    SyncRun.objects.create(**run)
    status, report = ready(client)
    assert status == 200
    assert 7200 <= report["catalogue"]["age"] < 7260


@pytest.mark.parametrize(
    "url",
    ["redis://user:hunter2@127.0.0.1:9/0", "redis+socket:///nowhere/hunter2.sock", "amqp://u:hunter2@127.0.0.1:9//"],
)
def test_a_broker_that_is_gone_is_told_at_once_and_without_its_address(client, db, settings, url):
    beat(queue="submit")
    settings.CELERY_BROKER_URL = url
    status, report = ready(client)
    assert status == 503
    assert report["broker"] == {"ok": False, "why": "unreachable"}
    assert "hunter2" not in str(report)


def test_a_database_that_is_gone_is_told_without_its_address(client, db, monkeypatch):
    def gone(*args, **kwargs):
        raise OperationalError("connection to server at hunter2 failed")

    with monkeypatch.context() as patched:
        patched.setattr(connection, "cursor", gone)
        status, report = ready(client)
    assert status == 503
    assert report["database"] == {"ok": False, "why": "unreachable"}
    assert report["worker"] == {"ok": False, "why": "database"}
    assert report["broker"] == {"ok": True}
    assert "hunter2" not in str(report)


@pytest.fixture(params=["redis", "database"])
def vendor_pace(request, db, broker, settings):
    """The pace that the settings lead to, at rest."""
    if request.param == "database":
        settings.CELERY_BROKER_URL = "memory://"
    return current_pace()


class TestAVendorThatIsAway:
    def test_flowing_calls_are_told(self, client, vendor_pace):
        beat(queue="submit")
        assert ready(client)[1]["vendor"] == {
            "ok": True,
            "state": "closed",
            "retry_in": 0.0,
            "why": "",
            "failures": 0,
        }

    def test_is_told_in_a_word_of_ours_and_is_no_reason_to_close(self, client, vendor_pace):
        beat(queue="submit")
        vendor_pace.trip(vendor_pace.enter(lease=5), "slow down", "hstockplus says hunter2", 60)
        status, report = ready(client)
        assert (status, report["ok"]) == (200, True)
        vendor = report["vendor"]
        assert (vendor["ok"], vendor["state"], vendor["why"], vendor["failures"]) == (False, "open", "slow down", 1)
        assert 50 < vendor["retry_in"] <= 60
        assert "hstock" not in str(report)
        assert "hunter2" not in str(report)

    def test_is_half_open_after_its_rest(self, client, vendor_pace):
        vendor_pace.trip(vendor_pace.enter(lease=5), "key", "rejected", 0.1)
        time.sleep(0.15)
        vendor = ready(client)[1]["vendor"]
        assert (vendor["state"], vendor["retry_in"]) == ("half-open", 0.0)

    def test_stands_on_the_operators_first_page(self, client, vendor_pace, operator):
        client.force_login(operator)
        assert "Calls flow." in client.get("/admin/").content.decode()
        vendor_pace.trip(vendor_pace.enter(lease=5), "key", "the vendor rejects <our> key", 60)
        page = client.get("/admin/").content.decode()
        assert "Calls are paused: it rejects our key." in page
        assert "Next try" in page
        assert "the vendor rejects &lt;our&gt; key" in page

    def test_is_no_affair_of_staff_who_see_no_alerts(self, client, vendor_pace, operator):
        operator.is_superuser = False
        operator.save()
        client.force_login(operator)
        assert "Calls to the vendor" not in client.get("/admin/").content.decode()

    def test_a_pace_that_is_gone_is_told(self, client, db, settings, operator):
        settings.CELERY_BROKER_URL = "redis://user:hunter2@127.0.0.1:9/0"
        assert ready(client)[1]["vendor"] == {"ok": False, "why": "unreachable"}
        client.force_login(operator)
        assert "Nobody can tell" in client.get("/admin/").content.decode()
