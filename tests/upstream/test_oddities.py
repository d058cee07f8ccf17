"""Answers that are odd where it does not matter must not keep goods, codes or money back; where it does, they count."""

from decimal import Decimal

import pytest
from django.utils import timezone

from core.models import Alert
from orders import poll, states, submit
from orders.models import Order
from sms import acquire, listen
from sms import states as sms_states
from tests.orders.conftest import catalogue, placed
from tests.sms.conftest import bought, listen_to, project, projects, rich
from tests.still import sandbox
from upstream.client import OutOfFunds, Unanswered, client
from upstream.replies import Malformed, SmsCode, SmsOrder, SmsProject, SmsStatus, Status, decode, sms_countries
from wallet import ledger

__all__ = ["bought", "catalogue", "listen_to", "placed", "project", "projects", "rich", "sandbox"]

pytestmark = pytest.mark.django_db


class TestReading:
    @pytest.mark.parametrize(
        ("body", "charge"),
        [
            (b'{"status": "x", "charge": "0.00151782"}', Decimal("0.001518")),
            (b'{"status": "x", "charge": 0.00151782}', Decimal("0.001518")),
            (b'{"status": "x", "charge": ""}', None),
            (b'{"status": "x", "charge": "NaN"}', None),
            (b'{"status": "x", "charge": "1e30"}', None),
            (b'{"status": "x", "charge": "free"}', None),
            (b'{"status": "x", "charge": true}', None),
            (b'{"status": "x", "charge": [5]}', None),
        ],
    )
    def test_a_charge_is_an_amount_or_nothing(self, body, charge):
        assert decode(body, Status).charge == charge
        assert decode(body, SmsStatus).charge == charge

    @pytest.mark.parametrize(
        ("remains", "read"),
        [('""', None), ("12.0", 12), ("12.5", None), ('"7"', 7), ("{}", None), ("null", None), ("true", None)],
    )
    def test_what_remains_is_a_whole_number_or_nothing(self, remains, read):
        assert decode(f'{{"status": "x", "remains": {remains}}}'.encode(), Status).remains == read

    def test_goods_of_any_kind_are_kept(self):
        body = b'{"status": "Completed", "accounts": ["u:p", 5, null, {"login": "a"}, ""]}'
        assert decode(body, Status).accounts == ["u:p", "5", '{"login":"a"}', ""]
        assert decode(b'{"status": "x", "accounts": "u:p"}', Status).accounts == ["u:p"]
        assert decode(b'{"status": "x", "accounts": {}}', Status).accounts is None

    def test_numbers_where_text_is_expected_are_text(self):
        assert decode(b'{"status": "code_received", "code": 123456}', SmsStatus).code == "123456"
        assert decode(b'{"status": "completed", "code": 123456, "sms_content": 7}', SmsCode).sms_content == "7"
        assert decode(b'{"order": 5, "phone": 12025550123}', SmsOrder).phone == "12025550123"
        row = decode(b'{"project_id": 65, "name": 7, "price": 0.5, "country_id": 1}', SmsProject)
        assert (row.project_id, row.country_id) == ("65", "1")

    @pytest.mark.parametrize("end", ['""', "5", "null", '"soon"', '"2026-01-01"'])
    def test_an_end_that_is_no_moment_is_nothing(self, end):
        assert decode(f'{{"status": "active", "expires_at": {end}}}'.encode(), SmsStatus).expires_at is None

    def test_a_project_id_that_could_not_go_back_as_it_came_is_malformed(self):
        with pytest.raises(Malformed):
            decode(b'{"project_id": "a\\u0000b", "name": "x", "price": 1, "country_id": "us"}', SmsProject)

    @pytest.mark.parametrize("price", ["0", '"0.00"', "-1", '"NaN"'])
    def test_a_project_that_costs_nothing_is_malformed(self, price):
        with pytest.raises(Malformed):
            decode(f'{{"project_id": "a", "name": "x", "price": {price}, "country_id": "us"}}'.encode(), SmsProject)

    def test_one_bad_country_does_not_hide_the_others(self):
        body = b'[{"country_code": 93, "country_name": "A"}, {"country_code": "", "country_name": "B"}, 5]'
        rows = sms_countries(body)
        assert [country.country_code for country in rows.good] == ["93"]
        assert len(rows.skipped) == 2

    def test_a_byte_order_mark_is_no_fault(self):
        assert decode(b'\xef\xbb\xbf{"status": "x"}', Status).status == "x"


class TestErrorAndOrderAtOnce:
    @pytest.mark.parametrize("words", ["rate limit exceeded", "Insufficient balance", "Invalid API key", "Whatever"])
    def test_is_never_sent_again(self, placed, sandbox, words):
        order = placed(1)
        sandbox.fault("answer", action="add", times=1, body={"error": words, "order": 4711})
        assert submit.submit(order_id=order.pk) == states.UNCERTAIN

    def test_without_an_order_an_empty_balance_is_what_it_says(self, sandbox):
        sandbox.fault("answer", action="add", times=1, body={"error": "Insufficient balance"})
        with pytest.raises(OutOfFunds):
            client().add(service=1, link="https://x.com/a", quantity=1)


def test_a_nul_in_the_vendors_words_is_a_refusal_all_the_same(placed, sandbox):
    order = placed(1)
    sandbox.fault("words", action="add", times=1, words="bad\x00link")
    assert submit.submit(order_id=order.pk) == states.REJECTED
    assert ledger.account_of(order.customer).held == 0


def test_a_charge_finer_than_a_micro_ends_an_order_like_any_other(placed, sandbox):
    order = placed(1)
    submit.submit(order_id=order.pk)
    sandbox.fault(
        "answer", action="status", times=1, body={"status": "Completed", "charge": "0.00151782", "remains": "0"}
    )
    poll.poll_one(order_id=order.pk)
    order.refresh_from_db()
    assert order.state == states.COMPLETED


def test_what_was_delivered_stands_in_no_flag_and_no_error(placed, sandbox):
    order = placed(7)
    submit.submit(order_id=order.pk)
    sandbox.fault("answer", action="status", times=1, body={"status": ["odd"], "accounts": ["u:SECRETpass"]})
    poll.poll_one(order_id=order.pk)
    order.refresh_from_db()
    assert order.flag
    assert "SECRET" not in order.flag + "".join(Alert.objects.values_list("detail", flat=True))


def test_a_code_is_delivered_even_if_its_text_can_not_be_read(bought, sandbox, listen_to):
    purchase = bought()
    acquire.acquire(purchase_id=purchase.pk)
    number = purchase.numbers.get()
    sandbox.force(number.upstream_id, status="code_received", code="777")
    sandbox.fault("words", action="sms_code", words="Order not found")
    listen_to(number)
    assert number.state == sms_states.RECEIVED
    assert number.messages.get().code == "777"


def test_a_number_whose_question_hangs_is_ended_by_its_time(bought, sandbox, rich):
    purchase = bought()
    acquire.acquire(purchase_id=purchase.pk)
    number = purchase.numbers.get()
    assert listen.run_out(now=number.expires_at + listen.LAST_CALL) == 0
    later = number.expires_at + listen.LAST_CALL * 1.2
    assert listen.run_out(now=later) == 1
    number.refresh_from_db()
    assert number.state == sms_states.EXPIRED
    assert ledger.account_of(rich).held == 0


def test_one_that_hangs_keeps_nobody_elses_news_back(placed, sandbox, settings):
    settings.UPSTREAM_TIMEOUT = 2.0
    orders = [placed(1) for _ in range(4)]
    for order in orders:
        submit.submit(order_id=order.pk)
    sandbox.advance(500)
    Order.objects.update(next_poll_at=timezone.now())
    sandbox.fault("hang", action="status", times=1, seconds=5)
    started = timezone.now()
    poll.poll_due()
    ended = list(Order.objects.filter(state=states.COMPLETED).values_list("finished_at", flat=True))
    assert len(ended) == 3
    assert max((at - started).total_seconds() for at in ended) < 1.5


def test_a_doubt_that_proves_unfounded_leaves_no_alert(placed, sandbox):
    from datetime import timedelta

    from upstream import forwarding
    from upstream.client import NotSent

    order = placed(1)
    claimed = forwarding._claim(submit.DESK, order.pk)
    forwarding.expire_leases(submit.DESK, now=timezone.now() + timedelta(hours=1))
    assert Alert.objects.filter(key=f"order:{order.pk}:uncertain", resolved_at=None).exists()
    error = NotSent("no connection")
    assert forwarding._again(submit.DESK, claimed[0], str(error), wait=1) == states.PLACED
    order.refresh_from_db()
    assert order.flag == ""
    assert not Alert.objects.filter(key=f"order:{order.pk}:uncertain", resolved_at=None).exists()


def test_a_rate_unit_that_changed_meanwhile_asks_again(placed, catalogue):
    from catalog.models import Service
    from orders import place

    service = catalogue[1]
    Service.objects.filter(pk=service.pk).update(unit=1)
    with pytest.raises(place.PriceChanged):
        placed(1, quantity=100, shown_price=service.price, shown_unit=1000)


def test_an_order_beyond_reason_is_refused_in_words(placed, catalogue):
    from catalog.models import Service
    from orders import place

    Service.objects.filter(upstream_id=7).update(max=2**31, stock=None, price=Decimal(100))
    with pytest.raises(place.CantPlace) as refused:
        placed(7, quantity=2_000_000_000)
    assert "quantity" in refused.value.errors


def test_a_balance_in_another_currency_alerts(sandbox, now):
    from upstream.balance import read_balance

    sandbox.fault("answer", action="balance", times=1, body={"balance": "5.00", "currency": "EUR"})
    assert read_balance(now=now) is None
    assert Alert.objects.filter(key="upstream:currency", severity="CRITICAL").exists()


def test_numbers_beside_an_error_are_not_believed(sandbox):
    sandbox.fault("answer", action="add", times=1, body={"error": "x", "orders": [{"order": 1, "phone": "1"}]})
    with pytest.raises(Unanswered):
        client().add(service=1, link="https://x.com/a", quantity=1)
