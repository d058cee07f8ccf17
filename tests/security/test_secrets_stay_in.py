"""No secret of the shop, and nothing that was delivered, stands in a log line, an alert, an e-mail or an answer."""

import io
import logging
import sys

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client, RequestFactory, override_settings
from django.urls import resolve, reverse
from django.utils.log import AdminEmailHandler

from core import hidden, masking
from core.alerts import alert
from core.logs import OneLine
from core.models import Alert
from orders import place, submit
from orders.models import Attempt, Order, OrderEvent
from tests.conftest import PASSWORD
from tests.orders.conftest import rich
from upstream.client import Client as Vendor
from upstream.client import NotSent
from upstream.pace import current_pace

__all__ = ["rich"]
pytestmark = pytest.mark.django_db
KEY = "upstream-key-that-nobody-sees"
GOODS = "quiet.otter@mail.example:Tg7-delivered"


@pytest.fixture
def lines(settings):
    """What the log says meanwhile, in the shop's own form."""
    settings.UPSTREAM_KEY = KEY
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(OneLine())
    root = logging.getLogger()
    root.addHandler(handler)
    yield written
    root.removeHandler(handler)


@pytest.fixture
def mailed(settings):
    """E-mails about errors, as an operator gets them who adds Django's handler for them."""
    settings.ADMINS = [("Operator", "operator@example.com")]
    handlers = [AdminEmailHandler(include_html=html) for html in (False, True)]
    for handler in handlers:
        logging.getLogger("django.request").addHandler(handler)
        logging.getLogger("celery").addHandler(handler)
    yield lambda: "".join(str(message.message()) for message in mail.outbox)
    for handler in handlers:
        logging.getLogger("django.request").removeHandler(handler)
        logging.getLogger("celery").removeHandler(handler)


def breaks(**given):
    """Something of ours that breaks with all of it in hand."""
    held = {**given, "goods": [GOODS], "key": KEY}
    raise RuntimeError(f"broke with {held} {settings.SECRET_KEY}")


def test_a_page_that_breaks_tells_the_log_and_the_mail_nothing(customer, client, monkeypatch, lines, mailed):
    monkeypatch.setattr("desk.views._choose", lambda request, order: breaks(code="481920"))
    client.force_login(customer)
    client.raise_request_exception = False
    answer = client.get(reverse("desk:new"), {"api_key": "a-customers-key"}, headers={"Authorization": "Bearer mine"})
    assert answer.status_code == 500
    told = mailed()
    assert len(mail.outbox) == 2
    assert "RuntimeError" in told
    assert "in breaks" in told
    session = client.cookies["sessionid"].value
    for secret in (GOODS, KEY, "481920", settings.SECRET_KEY, "a-customers-key", "Bearer mine", session):
        assert secret not in told, secret
        assert secret not in answer.content.decode(), secret
    said = lines.getvalue()
    assert "RuntimeError" in said
    for secret in (KEY, settings.SECRET_KEY, "a-customers-key", "Bearer mine", session):
        assert secret not in said, secret


def test_a_log_in_that_breaks_tells_no_password(customer, client, monkeypatch, lines, mailed):
    monkeypatch.setattr("accounts.backend.Backend.authenticate", lambda self, request, **given: breaks(**given))
    client.raise_request_exception = False
    form = {"login": customer.email, "password": PASSWORD}
    assert client.post(reverse("account_login"), form).status_code == 500
    assert mail.outbox
    assert PASSWORD not in mailed()


def test_a_task_that_breaks_tells_nothing_either(lines, mailed):
    try:
        breaks(text=GOODS)
    except RuntimeError:
        logging.getLogger("celery.app.trace").error("Task broke", exc_info=True)
    assert "in breaks" in mailed()
    assert GOODS not in mailed()
    assert KEY not in mailed()
    assert "RuntimeError" in lines.getvalue()
    assert KEY not in lines.getvalue()


SECRETS = (
    *("SECRET_KEY", "UPSTREAM_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "BTCPAY_API_KEY"),
    *("BTCPAY_WEBHOOK_SECRET", "EMAIL_HOST_PASSWORD", "METRICS_TOKEN", "SENTRY_DSN", "FIELD_ENCRYPTION_KEYS"),
)


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_of_the_settings_is_taken_out(name, lines):
    value = "a-secret-of-the-shop"
    with override_settings(**{name: [value] if name.endswith("S") else value}):
        logging.getLogger("shop").warning("it is a-secret-of-the-shop")
    assert "it is [hidden]" in lines.getvalue()


def test_secrets_in_addresses_and_keys_are_taken_out():
    first = settings.FIELD_ENCRYPTION_KEYS[0]
    with override_settings(CELERY_BROKER_URL="redis://:pass%40word@127.0.0.1:6379/0"):
        assert masking.hide(f"{first} pass%40word pass@word word") == "[hidden] [hidden] [hidden] word"


def test_every_setting_that_is_a_secret_is_known():
    assert set(SECRETS) <= set(masking.secret_settings())


def test_a_vendor_that_repeats_our_key_finds_it_kept_nowhere(catalogue, rich, now, lines, sandbox, settings):
    """Its words go into attempts, alerts, e-mails and the log."""
    settings.ADMINS = [("Operator", "operator@example.com")]
    settings.UPSTREAM_KEY = "test-key"
    service = next(each for each in catalogue.values() if each.entity == "SMM")
    for words in ("No: test-key may not order", "Invalid API key: test-key"):
        sandbox.faults.add("words", words=words, action="add", times=1)
        link = "https://example.com/a"
        order = place.order(customer=rich, service_id=service.pk, quantity=service.min, link=link, now=now)
        submit.submit(order_id=order.pk)
    assert Attempt.objects.filter(detail__contains="No: [hidden] may not order").exists()
    assert Alert.objects.filter(detail__contains="Invalid API key: [hidden]").exists()
    kept = [str(list(kind.objects.values())) for kind in (Alert, Attempt, Order, OrderEvent)]
    for text in (*kept, *(str(message.message()) for message in mail.outbox), lines.getvalue()):
        assert "test-key" not in text


def test_an_alert_and_a_connection_that_fails_tell_no_key(now, settings, broker):
    settings.UPSTREAM_KEY = KEY
    alert(key="x", subject=KEY, detail=f"it says {KEY}", now=now)
    assert [(row.subject, row.detail) for row in Alert.objects.all()] == [("[hidden]", "it says [hidden]")]
    gone = Vendor(url=f"http://127.0.0.1:9/{KEY}", key=KEY, timeout=1, concurrency=1, pace=current_pace())
    with pytest.raises(NotSent) as raised:
        gone.balance()
    assert "[hidden]" in str(raised.value)
    assert KEY not in str(raised.value)


def test_the_report_shows_the_way_and_no_address():
    """A link of an e-mail opens an account: it stands in the path."""
    path = "/accounts/password/reset/key/1-secret-token/"
    request = RequestFactory().post(path, {"password1": "a-new-password"})
    request.resolver_match = resolve(path)
    try:
        breaks(request=request)
    except RuntimeError:
        report = hidden.Reporter(request, *sys.exc_info())
        for text in (report.get_traceback_text(), report.get_traceback_html()):
            assert "accounts/password/reset/key/" in text
            assert "1-secret-token" not in text
            assert "a-new-password" not in text
            assert GOODS not in text


def test_the_page_of_an_error_says_nothing_of_it(customer, monkeypatch):
    client = Client(raise_request_exception=False)
    monkeypatch.setattr("desk.views.announce.live", lambda **_given: breaks())
    answer = client.get(reverse("desk:help"))
    assert answer.status_code == 500
    for word in ("Traceback", "RuntimeError", "desk.views", GOODS, KEY):
        assert word not in answer.content.decode()
