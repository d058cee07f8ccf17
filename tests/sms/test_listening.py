"""Listening while something else happens to the number: it ends, its price changes, or one answer can't be kept."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from core.models import Alert
from reseller.books import audit
from sms import acquire, listen, states
from sms.by_hand import deliver_code, end_by_hand
from sms.models import Message, Number, Project
from upstream import claims, following
from upstream.replies import SmsCode, SmsStatus
from wallet import ledger

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


@pytest.fixture
def numbers(bought, sandbox):
    """`numbers(quantity)`: numbers of one purchase, whose codes come after 20 seconds."""

    def numbers(quantity=1):
        sandbox.plan_sms(behaviour="code", seconds=20, code="123456", content="Your code is 123456")
        purchase = bought(quantity)
        acquire.acquire(purchase_id=purchase.pk)
        return list(purchase.numbers.order_by("pk"))

    return numbers


@pytest.fixture
def number(numbers):
    return numbers()[0]


@pytest.fixture
def end(operator, now):
    """`end(number)`: an operator ends it."""
    return lambda number: end_by_hand(number_id=number.pk, operator=operator, reason="enough", now=now)


def held(number):
    return ledger.account_of(number.purchase.customer).held


def told(code, text=None, **status):
    message = None if text is None else SmsCode(status="completed", code=code, sms_content=text)
    return listen.News(SmsStatus(status="code_received", code=code, **status), message)


class TestANumberThatEndsWhileItIsAskedFor:
    @pytest.mark.parametrize("answer", ["a code", "nothing"])
    def test_takes_in_no_answer(self, number, sandbox, end, answer):
        if answer == "nothing":
            sandbox.fault("http_500", action="sms_status")
        sandbox.advance(21)
        for asked, news in following.ask([number], listen._news):
            end(number)
            assert listen._take(asked, news, 1.5, now=timezone.now())
        number.refresh_from_db()
        assert (number.state, number.poll_failures, number.next_poll_at) == (states.CANCELED, 0, None)
        assert (held(number), Message.objects.count()) == (0, 0)

    def test_is_not_run_out_as_well(self, number, end):
        Number.objects.update(expires_at=timezone.now() - timedelta(hours=1))
        ended = []

        def meanwhile(execute, sql, params, many, context):
            answer = execute(sql, params, many, context)
            if "expires_at" in sql and not ended:
                ended.append(number.pk)
                end(number)
            return answer

        with connection.execute_wrapper(meanwhile):
            assert listen.run_out(now=timezone.now()) == 1
        assert ended == [number.pk]
        number.refresh_from_db()
        assert (number.state, held(number)) == (states.CANCELED, 0)

    def test_is_asked_for_no_more(self, number, sandbox, end):
        end(number)
        asked = sandbox.vendor.calls.total()
        assert listen.listen_one(number_id=number.pk) is None
        assert sandbox.vendor.calls.total() == asked


def test_an_end_that_can_not_be_kept_keeps_no_other_number_from_its_money(numbers):
    broken, fine = numbers(2)
    both = held(fine)
    Number.objects.update(expires_at=timezone.now() - timedelta(hours=1))

    def refuse(execute, sql, params, many, context):
        if sql.startswith('UPDATE "sms_number"') and broken.phone in params:
            raise OperationalError("no room left on the device")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        listen.run_out(now=timezone.now())
    broken.refresh_from_db()
    fine.refresh_from_db()
    assert broken.state in states.LIVE
    assert (fine.state, held(fine)) == (states.EXPIRED, both / 2)
    found = Alert.objects.get(key=f"number:{broken.pk}:mute")
    assert (found.resolved_at, "money waits" in found.detail) == (None, True)
    assert listen.run_out(now=timezone.now()) == 1
    broken.refresh_from_db()
    assert (broken.state, held(broken)) == (states.EXPIRED, 0)
    found.refresh_from_db()
    assert found.resolved_at is not None


def test_numbers_that_can_not_be_ended_are_not_in_the_way_of_those_after_them(numbers, monkeypatch):
    monkeypatch.setattr(listen, "BATCH", 1)
    *broken, fine = numbers(3)
    Number.objects.update(expires_at=timezone.now() - timedelta(hours=1))

    def refuse(execute, sql, params, many, context):
        if sql.startswith('UPDATE "sms_number"') and {one.phone for one in broken} & set(params):
            raise OperationalError("no room left on the device")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        assert listen.run_out(now=timezone.now()) == 1
    fine.refresh_from_db()
    assert fine.state == states.EXPIRED
    assert listen.run_out(now=timezone.now()) == 2


def test_an_answer_that_can_not_be_kept_costs_only_its_own_number_time(numbers, sandbox):
    broken, fine = numbers(2)
    sandbox.advance(21)
    Number.objects.update(next_poll_at=timezone.now())

    def refuse(execute, sql, params, many, context):
        if sql.startswith('UPDATE "sms_number"') and broken.phone in params:
            raise OperationalError("no room left on the device")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        assert listen.listen_due() == 2
    broken.refresh_from_db()
    fine.refresh_from_db()
    assert (broken.state, fine.state) == (states.WAITING, states.RECEIVED)
    assert held(broken) == broken.purchase.price, "its money was not taken without its code"
    assert Message.objects.get().number == fine
    assert Alert.objects.filter(key=f"number:{broken.pk}:mute", severity="CRITICAL").exists()
    # Nobody asks again at once, again and again: it stays claimed until its time is over.
    assert claims.held(Number, now=timezone.now()) == {broken.pk}
    assert listen.listen_due() == 0
    listen.listen_one(number_id=broken.pk)
    assert broken.messages.get().code == "123456"


@pytest.mark.parametrize(("lists", "state"), [("5", "ON_SALE"), ("4", "SUSPENDED")])
def test_a_charge_at_the_lists_new_price_takes_nothing_off_sale(number, sandbox, listen_to, project, lists, state):
    Project.objects.filter(pk=project.pk).update(cost=Decimal(lists), price=Decimal(9))
    sandbox.advance(21)
    sandbox.force(number.upstream_id, charge="5.0000")
    listen_to(number)
    project.refresh_from_db()
    assert (number.state, project.state) == (states.RECEIVED, state)


def test_a_message_that_is_told_again_after_another_one_is_the_same(number):
    for code in ("111111", "222222", "111111"):
        listen.record(number=number, news=told(code, f"Your code is {code}"), every=1.5, now=timezone.now())
        number.refresh_from_db()
        assert listen._seen(number, code), "so that its text is not asked for again"
    assert [message.code for message in number.messages.order_by("pk")] == ["111111", "222222"]
    assert number.slot.hold.captured == number.purchase.price


def test_a_second_code_by_hand_costs_nothing_more(number, operator, now):
    typed = {"number_id": number.pk, "text": "", "operator": operator, "reason": "by chat"}
    deliver_code(code="1111", now=now, **typed)
    later = deliver_code(code="2222", now=now + timedelta(minutes=1), **typed)
    assert (later.state, later.first_code_at) == (states.RECEIVED, now)
    assert later.messages.count() == 2
    assert later.slot.hold.captured == number.purchase.price
    assert held(number) == 0
