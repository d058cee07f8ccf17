"""Messages are removed when the operator says so, and whoever asks for them afterwards is told."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from reseller.books import audit
from sms import acquire, close, states
from sms.models import Message, Number
from sms.purge_texts import purge_texts

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(bought, rich, sandbox, listen_to):
    """A number that had a code and has ended."""
    sandbox.plan_sms(behaviour="code", seconds=20, code="123456", content="Your code is 123456")
    purchase = bought(1)
    acquire.acquire(purchase_id=purchase.pk)
    number = Number.objects.get(purchase=purchase)
    sandbox.advance(21)
    listen_to(number)
    assert number.state == states.RECEIVED
    return close.finish(number_id=number.pk, customer=rich, now=timezone.now())


def later(days=31):
    return timezone.now() + timedelta(days=days)


def test_nothing_is_removed_where_the_operator_did_not_say_so(ended):
    assert purge_texts(now=later(9999)) == 0
    assert Message.objects.get().code


def test_codes_and_texts_are_removed_and_the_page_says_when(ended, rich, client, settings):
    settings.GOODS_KEPT_DAYS = 30
    client.force_login(rich)
    code = Message.objects.get().code
    page = reverse("sms:history")
    before = client.get(page).content.decode()
    assert code in before
    assert "kept for 30 days" in before
    assert purge_texts(now=later(29)) == 0
    now = later()
    assert purge_texts(now=now) == 1
    assert purge_texts(now=now) == 0
    message = Message.objects.get()
    assert (message.code, message.text) == ("", "")
    after = client.get(page).content.decode()
    assert code not in after
    assert "removed on" in after
    assert f"{timezone.localtime(now):%Y-%m-%d}" in after
    assert audit().problems == []


def test_a_number_that_still_listens_keeps_its_messages(ended, settings):
    settings.GOODS_KEPT_DAYS = 30
    Number.objects.update(state=states.RECEIVED, finished_at=None)
    assert purge_texts(now=later(9999)) == 0
    assert Message.objects.get().code


def test_programs_are_told_no_code_that_was_removed(ended, rich, client, settings, broker):
    from api import keys

    settings.GOODS_KEPT_DAYS = 30
    secret = keys.make(customer=rich, name="robot", now=timezone.now())[1]
    ask = {"key": secret, "action": "sms_code", "order": ended.pk}
    assert client.post("/api/v2", ask).json()["code"]
    purge_texts(now=later())
    answer = client.post("/api/v2", ask).json()
    assert "code" not in answer
    assert answer["status"] != "waiting"
    assert client.post("/api/v2", {**ask, "action": "sms_status"}).json()["code"] is None
