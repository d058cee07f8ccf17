"""What an operator does to a number by hand, each with its money; and phones are found however they are written."""

from decimal import Decimal

import pytest
from django.urls import reverse

from reseller.books import audit
from sms import acquire, close, states
from sms.models import Number
from tests.admin.test_order_acts import hidden, text
from tests.sms.test_admin import _client
from wallet import ledger

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


@pytest.fixture
def desk(operator):
    return _client(operator)


@pytest.fixture
def waiting(bought):
    """A number that waits for its code."""
    purchase = bought()
    acquire.acquire(purchase_id=purchase.pk)
    return purchase.numbers.get()


def agree(desk, act, number, **typed):
    where = reverse(f"admin:sms_number_{act}", args=[number.pk])
    asked = desk.post(where, {**hidden(desk.get(where)), **typed})
    sent = hidden(asked)
    done = desk.post(where, sent, follow=True)
    number.refresh_from_db()
    number.slot.hold.refresh_from_db()
    return where, sent, text(asked), text(done)


def test_a_code_that_came_another_way_is_shown_and_paid_for_and_refunded_in_part(desk, waiting):
    price = waiting.slot.hold.amount
    _, _, asked, _ = agree(desk, "hand_over", waiting, code="9876", text="", reason="by chat")
    assert f'<dd class="grow min-w-0 break-words">${price.normalize():f}</dd>' in asked
    assert (waiting.state, waiting.messages.get().code) == (states.RECEIVED, "9876")
    assert waiting.slot.hold.captured == price
    half = price / 2
    before = ledger.account_of(waiting.purchase.customer).balance
    where, sent, _, done = agree(desk, "refund", waiting, amount=f"{half:f}", reason="late")
    assert "s balance again" in done
    assert "it refunded once" in text(desk.post(where, sent, follow=True))
    waiting.slot.hold.refresh_from_db()
    assert waiting.slot.hold.refunded == half
    assert ledger.account_of(waiting.purchase.customer).balance == before + half


def test_a_number_that_is_ended_by_hand_gives_its_money_back_once(desk, waiting):
    where, sent, asked, _ = agree(desk, "finish", waiting, reason="the vendor is silent")
    assert "Back to the customer" in asked
    assert (waiting.state, waiting.slot.hold.state) == (states.CANCELED, "RELEASED")
    assert "it has ended" in text(desk.post(where, sent))


def test_asking_now_takes_in_a_code(desk, bought, sandbox):
    sandbox.plan_sms(behaviour="code", seconds=5, code="123456", content="Code 123456", times=1)
    purchase = bought()
    acquire.acquire(purchase_id=purchase.pk)
    sandbox.advance(6)
    number = purchase.numbers.get()
    done = desk.post(reverse("admin:sms_number_ask", args=[number.pk]), follow=True)
    assert "It is now: code received" in text(done)
    number.refresh_from_db()
    assert number.slot.hold.captured == Decimal(number.purchase.price)


def test_asking_now_says_what_came_of_it(desk, waiting, sandbox, now):
    page = reverse("admin:sms_number_ask", args=[waiting.pk])
    assert "It is now: waiting" in text(desk.post(page, follow=True)), "the vendor's first word is new"
    assert "Nothing new. Last word: “active”" in text(desk.post(page, follow=True))
    sandbox.fault("http_500", action="sms_status", times=1)
    assert "The vendor does not say how it stands" in text(desk.post(page, follow=True))
    waiting.refresh_from_db()
    assert (waiting.state, waiting.slot.hold.state) == (states.WAITING, "OPEN")
    close.end(waiting, states.CANCELED, now)
    asked = sandbox.vendor.calls.total()
    assert "It has ended already: nobody was asked." in text(desk.post(page, follow=True))
    assert sandbox.vendor.calls.total() == asked
    history = text(desk.get(reverse("admin:sms_number_history", args=[waiting.pk])))
    assert history.count("Ask the vendor now") == 3, "where nobody was asked, nothing is on record"


@pytest.mark.parametrize("typed", ["+1 (202) 555-0143", "12025550143", "001-202-555-0143", "202-555 0143"])
def test_a_phone_is_found_however_it_is_written(desk, waiting, typed):
    Number.objects.filter(pk=waiting.pk).update(phone="202-555 0143", e164="+12025550143")
    for page in ["number", "purchase"]:
        found = desk.get(reverse(f"admin:sms_{page}_changelist"), {"q": typed})
        assert found.context["cl"].result_count == 1
    assert desk.get(reverse("admin:sms_number_changelist"), {"q": "555 0144"}).context["cl"].result_count == 0
