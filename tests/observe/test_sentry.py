"""What is reported of an error names no person and no secret, and nothing at all is loaded without a DSN."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import sentry_sdk
from celery import shared_task
from django.test import Client
from sentry_sdk.transport import Transport

from core.context import about
from reseller.observe import sentry

log = logging.getLogger("tests.sentry")
ROOT = Path(__file__).resolve().parents[2]


class Kept(Transport):
    """Takes events in the place of HTTP."""

    def __init__(self, options):
        super().__init__(options)
        self.events = []

    def capture_envelope(self, envelope):
        self.events += [item.payload.json for item in envelope.items if item.type == "event"]


@pytest.fixture
def reported(settings):
    """Every event that went out, as it went out."""
    settings.SENTRY_DSN = "https://publickey@sentry.example.com/1"
    settings.SENTRY_ENVIRONMENT = "tests"
    settings.RELEASE = "1.2.3"
    settings.UPSTREAM_KEY = "the-vendors-key"
    kept = Kept({})
    with sentry_sdk.isolation_scope():
        sentry.report_errors(transport=kept)
        yield kept.events
        sentry_sdk.get_client().close()
    sentry_sdk.init()  # nothing is sent any more


@shared_task(name="tests.sentry.breaks")
def breaks(*, order_id: int, phone: str) -> None:
    raise ValueError("no answer with the-vendors-key")


def broken(request, *_args, **_more):
    password = "hunter2hunter2"  # noqa: F841 – what a traceback with variables would show
    raise ValueError(f"https://vendor.example.com/api?key=abc said no to {request.user.email}")


@pytest.mark.django_db
def test_an_error_of_a_page_names_its_pattern_and_ids_alone(reported, customer, monkeypatch):
    monkeypatch.setattr("orders.views.render", broken)
    monkeypatch.setattr("orders.views_list.render", broken)
    client = Client(raise_request_exception=False, headers={"user-agent": "odd-agent", "referer": "https://a.example"})
    client.force_login(customer)
    response = client.get("/orders/?link=private", REMOTE_ADDR="203.0.113.7")
    [event] = reported
    assert event["request"] == {"method": "GET", "url": "/orders/"}
    assert event["tags"]["customer_id"] == str(customer.pk)
    assert event["tags"]["request_id"] == response.headers["X-Request-Id"]
    assert (event["release"], event["environment"]) == ("1.2.3", "tests")
    assert event["exception"]["values"][0]["stacktrace"]["frames"]
    said = json.dumps(event)
    for secret in (
        *(customer.email, "private", "203.0.113.7", "odd-agent", "a.example", "key=abc"),
        *(client.cookies["sessionid"].value, "vars", "breadcrumbs", "server_name"),
    ):
        assert secret not in said, secret


def test_an_error_of_a_task_names_it_and_its_ids(reported):
    breaks.apply(kwargs={"order_id": 17, "phone": "+4915112345678"}, task_id="0b0e")
    assert reported
    said = json.dumps(reported)
    assert "the-vendors-key" not in said
    assert "4915112345678" not in said
    assert reported[0]["tags"]["order_id"] == "17"
    assert reported[0]["tags"]["task"] == "tests.sentry.breaks"


def test_an_error_that_is_only_logged_is_reported_and_a_warning_is_not(reported):
    with about(order_id=17):
        log.warning("a warning")
        log.error("it broke: %s", "token=verysecret", extra={"facts": {"ms": 3}, "password": "verysecret"})
    [event] = reported
    assert event["tags"]["order_id"] == "17"
    assert "verysecret" not in json.dumps(event)


def test_nothing_is_loaded_without_a_dsn():
    code = "import sys, django; django.setup(); print([name for name in sys.modules if name.startswith('sentry')])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"DJANGO_SETTINGS_MODULE": "reseller.settings", "DEBUG": "1", "SENTRY_DSN": "", "PATH": ""},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "[]", done.stderr
