"""The client names every failure by what the caller should do."""

from decimal import Decimal

import pytest

from core.models import Alert
from tests.still import sandbox
from upstream import client as module
from upstream.client import NotSent, OutOfFunds, Refused, Unanswered, client

__all__ = ["sandbox"]

pytestmark = pytest.mark.django_db

LINK = "https://instagram.com/name"


def add():
    return client().add(service=1, link=LINK, quantity=100)


def test_every_read_is_understood(sandbox):
    vendor = client()
    assert len(vendor.services().good) == 40
    assert len(vendor.services(page=2, limit=10).good) == 10
    category = vendor.categories()[0]
    assert vendor.services(category=category.category, subcategory=category.subcategories[0]).good
    assert vendor.inventory(service=7).available
    assert vendor.balance().balance > 0
    countries = {project.country_id for project in vendor.sms_projects().good}
    assert countries
    assert vendor.sms_countries()
    assert {p.country_id for p in vendor.sms_projects(country=min(countries)).good} == {min(countries)}


def test_every_purchase_is_understood(sandbox):
    vendor = client()
    order = vendor.add(service=1, link=LINK, quantity=100).order
    assert vendor.status(order=order).status == "Pending"
    project = vendor.sms_projects().good[0]
    (number, *_rest) = vendor.add_sms(project_id=project.project_id, country=project.country_id)
    assert vendor.sms_status(order=number.order).status == "active"
    assert vendor.sms_code(order=number.order).status == "waiting"


def test_a_refusal_carries_the_vendors_words(sandbox):
    with pytest.raises(Refused) as refused:
        client().status(order=999_999_999)
    assert refused.value.words == "Order not found"


def test_an_empty_balance_is_a_refusal_of_its_own(sandbox):
    sandbox.vendor.balance = Decimal(0)
    with pytest.raises(OutOfFunds):
        add()


def test_an_answer_without_an_end_is_not_read_to_it(sandbox, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_BODY", 10_000)
    sandbox.fault("answer", action="add", times=1, body={"order": 1, "more": "x" * 10_000})
    with pytest.raises(Unanswered, match="larger than 10000 bytes"):
        add()


@pytest.mark.parametrize("kind", ["lost_before", "lost_after", "http_500", "http_502_html", "html", "broken_json"])
def test_what_may_have_been_accepted_is_unanswered(sandbox, kind):
    sandbox.fault(kind, action="add", times=1)
    with pytest.raises(Unanswered):
        add()


@pytest.mark.parametrize("kind", ["http_429", "rate_limit_words", "wrong_key"])
def test_what_was_surely_not_accepted_is_not_sent(sandbox, kind):
    sandbox.fault(kind, action="add", times=1)
    with pytest.raises(NotSent) as error:
        add()
    assert error.value.retry_after >= 1
    assert sandbox.vendor.purchases == []


def test_a_rejected_key_alerts_the_operator_without_showing_it(sandbox):
    sandbox.fault("wrong_key", times=1)
    with pytest.raises(NotSent):
        add()
    alert = Alert.objects.get(key="upstream:key")
    assert "test-key" not in alert.subject + alert.detail


def test_no_connection_is_not_sent(sandbox, settings):
    settings.UPSTREAM_URL = "http://127.0.0.1:9/api/v2"
    with pytest.raises(NotSent, match="no connection"):
        add()


def test_a_redirect_is_not_followed(sandbox, settings):
    settings.UPSTREAM_URL = sandbox.url.removesuffix("/api/v2") + "/nowhere"
    with pytest.raises((Unanswered, Refused)):
        add()


def test_nothing_is_sent_twice_behind_the_callers_back(sandbox):
    sandbox.fault("lost_before", action="add")
    with pytest.raises(Unanswered):
        add()
    assert sandbox.received["add"] == 1


def test_the_key_is_in_no_error(sandbox):
    for kind in ("http_500", "html", "broken_json", "lost_after"):
        sandbox.fault(kind, action="add", times=1)
        with pytest.raises(Unanswered) as error:
            add()
        assert "test-key" not in str(error.value)
