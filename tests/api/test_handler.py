"""The bots' protocol: every action of it over the acts of the pages, in its own words, and always HTTP 200."""

import contextlib
import json
import re
import threading
import time
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client

from api import limit, waiting
from api.handler import codes
from api.handler.models import CountryCode, ServiceCode
from api.models import Call, Key
from core.money import CHARGE_STEP, ZERO, round_up
from reseller.books import audit
from sms import acquire, close, resolve, states
from sms.models import Number, Project, Purchase, Site
from sms.sync import sync_sms
from tests.api.test_v2_numbers import hasty, worker
from tests.sms.conftest import listen_to
from upstream import forwarding
from wallet import ledger

__all__ = ["hasty", "listen_to", "worker"]
pytestmark = pytest.mark.django_db(transaction=True)
URL = "/stubs/handler_api.php"
USA = "187"


@pytest.fixture(autouse=True)
def _books(transactional_db):
    yield
    assert audit().problems == []


@pytest.fixture
def bot(secret):
    """`bot("getBalance")` asks by GET and returns the text, or what the JSON says."""
    client = Client()

    def bot(action, *, key=secret, **params):
        answer = client.get(URL, {"api_key": key, "action": action, **params})
        assert answer.status_code == 200
        if answer["Content-Type"] == "application/json":
            return answer.json()
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        return answer.content.decode()

    return bot


@pytest.fixture
def service(project):
    """The project's code in the protocol."""
    codes.fill()
    return ServiceCode.objects.get(site=project.site).code


@pytest.fixture
def get_number(bot, rich, worker, service):
    """`get_number()` buys one in the United States and returns its row."""

    def get_number(**params):
        answer = bot("getNumber", service=service, country=USA, **params)
        word, number_id, phone = answer.split(":")
        number = Number.objects.get(pk=number_id)
        assert (word, phone) == ("ACCESS_NUMBER", number.e164.lstrip("+"))
        return number

    return get_number


@pytest.fixture
def with_code(get_number, project, sandbox, listen_to):
    """A number that has its first code, and gets a second one later."""
    sandbox.vendor.plan_sms(project=project.upstream_id, behaviour="two", seconds=5, second=30, code="123456")
    number = get_number()
    sandbox.vendor.clock.advance(6)
    return listen_to(number)


class TestWhoAsks:
    def test_a_bad_key_is_told(self, bot, project):
        assert bot("getBalance", key="wrong") == "BAD_KEY"
        assert bot("getBalance", key="") == "BAD_KEY"

    def test_an_action_that_is_none_is_told(self, bot, project):
        assert bot("getNothing") == "BAD_ACTION"
        assert bot("") == "BAD_ACTION"

    def test_a_key_that_may_only_read_reads_and_buys_nothing(self, bot, rich, make_key, service):
        key = make_key(rich, scope=Key.Scope.READ_ONLY)
        assert bot("getBalance", key=key).startswith("ACCESS_BALANCE:")
        assert bot("getNumber", key=key, service=service, country=USA) == "BAD_KEY"
        assert Call.objects.order_by("-pk")[0].outcome == "BAD_KEY: This API key may only read"
        assert not Purchase.objects.exists()

    def test_a_key_is_good_from_its_networks_only(self, bot, rich, make_key):
        assert bot("getBalance", key=make_key(rich, networks=["203.0.113.0/24"])) == "BAD_KEY"

    def test_haste_is_told_until_when_and_in_words(self, bot, secret, settings, project):
        settings.API_PER_MINUTE = 2
        answers = {bot("getBalance") for _ in range(4)}
        banned = next(answer for answer in answers if answer.startswith("BANNED:"))
        assert re.fullmatch(r"BANNED:\d{4}-\d\d-\d\d \d\d-\d\d-\d\d", banned)
        answer = Client().get(URL, {"api_key": secret, "action": "getBalance"})
        assert 0 < int(answer["Retry-After"]) <= limit.WINDOW + 1

    def test_everything_may_stand_in_the_query_or_in_a_form(self, secret, rich):
        client = Client()
        ask = {"api_key": secret, "action": "getBalance"}
        by_get = client.get(URL, ask).content
        assert by_get.startswith(b"ACCESS_BALANCE:")
        assert client.post(URL, query_params=ask).content == by_get
        assert client.get(f"{URL}/", ask).content == by_get
        assert client.post(URL, ask).content == by_get
        assert client.post(URL, "{", content_type="application/json", query_params=ask).content == by_get
        assert client.post(f"{URL}?action=getBalance", {"api_key": secret}).content == by_get
        assert client.put(URL, query_params=ask).content == b"BAD_ACTION"

    def test_a_fault_of_ours_is_a_word_and_the_key_is_in_no_log(self, secret, with_code, caplog, settings):
        settings.FIELD_ENCRYPTION_KEYS = ["bG9zdC1rZXktbG9zdC1rZXktbG9zdC1rZXktbG9zdC0="]
        caplog.set_level("DEBUG")
        Call.objects.all().delete()
        answer = Client().get(URL, {"api_key": secret, "action": "getStatus", "id": with_code.pk})
        assert answer.status_code == 200
        assert answer.content == b"ERROR_SQL"
        assert "a call broke" in caplog.text
        assert secret not in caplog.text
        assert answer["Cache-Control"] == "no-store"
        assert not answer.cookies
        assert Call.objects.get().outcome == "ERROR_SQL"


class TestBalance:
    def test_it_has_two_decimals_and_is_never_more_than_there_is(self, bot, customer, now):
        account = ledger.account_of(customer)
        ledger.adjust(account=account, amount=Decimal("0.0099"), key="bit", memo="bit", now=now)
        assert bot("getBalance") == "ACCESS_BALANCE:50.00"


class TestOffers:
    def test_prices_are_ours_by_country_and_service(self, bot, project, service):
        table = bot("getPrices")
        told = table[USA][service]
        assert Decimal(str(told["cost"])) == round_up(project.price, CHARGE_STEP)
        assert told["count"] > 0
        assert sum(map(len, table.values())) == Project.objects.count()
        assert bot("getPrices", service=service, country=USA) == {USA: {service: told}}
        assert bot("getPrices", country="nowhere") == {}
        assert bot("getPrices", service="nothing") == "BAD_SERVICE"

    def test_a_price_is_written_digit_by_digit(self, secret, project, service):
        Project.objects.filter(pk=project.pk).update(price=Decimal("1.10001"))
        answer = Client().get(URL, {"api_key": secret, "action": "getPrices", "service": service, "country": USA})
        assert b'"cost":1.1001,' in answer.content

    def test_what_is_off_sale_is_not_told(self, bot, project, service):
        Project.objects.filter(pk=project.pk).update(hidden=True)
        assert service not in bot("getPrices", country=USA)[USA]
        assert f"{service}_0" not in bot("getNumbersStatus", country=USA)
        assert service not in [row["code"] for row in bot("getServicesList", country=USA)["services"]]

    def test_of_two_offers_for_the_same_the_cheaper_is_told_and_sold(self, bot, project, get_number, service):
        dear = Project.objects.get(pk=project.pk)
        dear.pk, dear.upstream_id, dear.price = None, "dear", project.price * 2
        dear.save()
        told = bot("getPrices", service=service, country=USA)[USA][service]["cost"]
        assert Decimal(str(told)) == round_up(project.price, CHARGE_STEP)
        assert get_number().purchase.project_id == project.pk

    def test_countries_have_their_names_in_three_languages(self, bot, projects):
        rows = bot("getCountries")
        usa = next(row for row in rows.values() if row["id"] == int(USA))
        assert (usa["rus"], usa["eng"], usa["chn"], usa["visible"]) == (
            "Соединенные Штаты",
            "United States",
            "美国",
            1,
        )
        assert list(rows) == [str(position) for position in range(len(rows))]

    def test_services_and_their_counts_have_the_same_codes(self, bot, projects):
        listed = {row["code"]: row["name"] for row in bot("getServicesList")["services"]}
        assert listed["tg"] == "Telegram"
        assert {f"{code}_0" for code in listed} == set(bot("getNumbersStatus"))
        assert len(listed) == Site.objects.count()


class TestCodes:
    def test_plain_names_have_the_protocols_own_codes(self, projects):
        codes.fill()
        known = dict(ServiceCode.objects.values_list("site__name", "code"))
        assert known["OpenAI / ChatGPT"] == "dr"
        assert known["X (Twitter)"] == "tw"
        assert known["Google / Gmail / YouTube"] == "go"
        numbers = dict(CountryCode.objects.values_list("country__region", "number"))
        assert (numbers["US"], numbers["GB"], numbers["AF"], numbers["VN"]) == (187, 16, 74, 10)

    def test_other_names_have_codes_of_ours_and_nobody_shares_one(self, projects, bot):
        odd = [
            Site.objects.create(name=name, folded=name) for name in ("telegram, x", "a b c", "gmail", "s1", "<script>")
        ]
        codes.fill()
        given = {site.handler_code.code for site in odd}
        assert given == {f"s{site.pk}" for site in odd}

    def test_a_sync_and_an_operator_change_nothing_that_was_given(self, projects, bot):
        codes.fill()
        ServiceCode.objects.filter(code="tg").update(code="telegram1")
        before = list(ServiceCode.objects.values_list("site", "code").order_by("pk"))
        sync_sms()
        codes.fill()
        assert list(ServiceCode.objects.values_list("site", "code").order_by("pk")) == before

    def test_a_new_site_has_a_code_when_it_is_asked_for(self, projects, bot, project, rich, hasty):
        codes.fill()
        site = Site.objects.create(name="Signal", folded="signal")
        Project.objects.filter(pk=project.pk).update(site=site)
        assert bot("getNumber", service="bw", country=USA) == "NO_NUMBERS"
        assert Purchase.objects.get().project_id == project.pk

    def test_an_operator_changes_them_in_the_admin(self, projects, operator):
        client = Client()
        client.force_login(operator)
        page = client.get("/admin/api/servicecode/")
        assert page.status_code == 200
        row = ServiceCode.objects.get(code="tg")
        path = f"/admin/api/servicecode/{row.pk}/change/"
        assert client.post(path, {"code": "wa"}).status_code == 200  # taken
        assert client.post(path, {"code": "T G"}).status_code == 200
        assert client.post(path, {"code": "tgm"}).status_code == 302
        row.refresh_from_db()
        assert row.code == "tgm"
        assert client.get("/admin/api/countrycode/").status_code == 200
        assert client.post(f"/admin/api/servicecode/{row.pk}/delete/", {"post": "yes"}).status_code == 403


class TestGetting:
    def test_one_number_is_bought_and_its_money_set_aside(self, get_number, project, rich):
        number = get_number()
        assert number.purchase.quantity == 1
        assert ledger.account_of(rich).held == number.purchase.price == round_up(project.price, CHARGE_STEP)

    def test_the_second_form_tells_all_of_it(self, bot, rich, worker, service):
        told = bot("getNumberV2", service=f"{service}_0", country=USA, operator="any", forward=0, ref="x", orderId="7")
        number = Number.objects.get()
        assert told == {
            "activationId": number.pk,
            "phoneNumber": number.e164.lstrip("+"),
            "activationCost": float(number.purchase.price),
            "currency": 840,
            "countryCode": USA,
            "canGetAnotherSms": True,
            "activationTime": f"{number.received_at:%Y-%m-%d %H:%M:%S}",
            "activationOperator": "any",
        }

    def test_no_money_is_no_balance(self, bot, stranger, make_key, service):
        assert bot("getNumber", key=make_key(stranger), service=service, country=USA) == "NO_BALANCE"

    @pytest.mark.parametrize("most", ["0", "0.0001", "-1", "cheap", "1e9"])
    def test_one_that_costs_more_than_wanted_is_not_bought(self, bot, rich, service, most):
        assert bot("getNumber", service=service, country=USA, maxPrice=most) == "WRONG_MAX_PRICE"
        assert not Purchase.objects.exists()

    def test_a_price_counted_with_floats_is_understood(self, get_number, project):
        Project.objects.filter(pk=project.pk).update(cost=Decimal("0.1"), price=Decimal("0.3"))
        assert get_number(maxPrice=0.1 + 0.2).purchase.price == Decimal("0.3")

    @pytest.mark.parametrize(
        ("wish", "word"),
        [
            ({"service": ""}, "BAD_SERVICE"),
            ({"service": "nothing"}, "BAD_SERVICE"),
            ({"country": "5000"}, "NO_NUMBERS"),
            ({"country": "us"}, "NO_NUMBERS"),
            ({"country": ""}, "NO_NUMBERS"),  # the protocol's own default, Russia, is not sold here
            ({"operator": "tele2"}, "NO_NUMBERS"),
            ({"forward": "1"}, "NO_NUMBERS"),
            ({"verification": "true"}, "NO_NUMBERS"),
        ],
    )
    def test_what_is_not_sold_is_not_bought(self, bot, rich, service, wish, word):
        assert bot("getNumber", **{"service": service, "country": USA} | wish) == word
        assert not Purchase.objects.exists()

    def test_none_left_is_no_numbers_and_costs_nothing(self, bot, rich, worker, project, service, sandbox):
        sandbox.vendor.plan_sms(project=project.upstream_id, behaviour="code", give=0)
        assert bot("getNumber", service=service, country=USA) == "NO_NUMBERS"
        assert ledger.account_of(rich).held == ZERO
        assert "no free numbers" in Call.objects.get().outcome

    @pytest.mark.parametrize("order_id", ["", "order-1"])
    def test_what_has_not_gone_out_in_time_is_taken_back(self, bot, rich, service, hasty, order_id):
        assert bot("getNumber", service=service, country=USA, orderId=order_id) == "NO_NUMBERS"
        assert Purchase.objects.get().state == states.REJECTED
        assert ledger.account_of(rich).held == ZERO

    @pytest.mark.parametrize(("order_id", "word"), [("", "NO_NUMBERS"), ("order-1", "ORDER_ALREADY_EXISTS")])
    def test_a_doubt_is_no_5xx_and_its_money_stays(self, bot, rich, service, worker, sandbox, order_id, word):
        sandbox.fault("lost_after", action="add_sms", times=1)
        assert bot("getNumberV2", service=service, country=USA, orderId=order_id) == word
        purchase = Purchase.objects.get()
        assert purchase.state == states.UNCERTAIN
        assert ledger.account_of(rich).held == purchase.price

    def test_when_too_many_wait_nothing_is_bought(self, bot, rich, service):
        with contextlib.ExitStack() as stack:
            for _ in range(waiting.PLACES):
                stack.enter_context(waiting.place())
            assert bot("getNumber", service=service, country=USA) == "NO_NUMBERS"
        assert not Purchase.objects.exists()


class TestOnce:
    def test_an_order_id_is_one_number(self, get_number, bot, service):
        first = get_number(orderId="order-1")
        assert get_number(orderId="order-1") == first
        assert bot("getNumberV2", service=service, country=USA, orderId="order-1")["activationId"] == first.pk
        assert get_number(orderId="order-2") != first
        assert Purchase.objects.count() == 2

    def test_it_is_told_again_though_the_price_rose_and_the_money_is_gone(self, get_number, project, rich, now):
        first = get_number(orderId="order-1", maxPrice="5")
        account = ledger.account_of(rich)
        ledger.adjust(account=account, amount=-account.available, key="gone", memo="gone", now=now)
        Project.objects.filter(pk=project.pk).update(price=Decimal(9), hidden=True)
        assert get_number(orderId="order-1", maxPrice="5") == first

    def test_another_wish_under_the_same_id_is_refused(self, get_number, bot, service):
        get_number(orderId="order-1")
        other = ServiceCode.objects.exclude(code=service).filter(site__projects__country__code="us").first()
        answer = bot("getNumber", service=other.code, country=USA, orderId="order-1")
        assert answer == "ORDER_ALREADY_EXISTS"
        assert Purchase.objects.count() == 1

    def test_an_id_is_free_again_when_nothing_came_of_it(self, get_number, bot, service, project, sandbox):
        sandbox.vendor.plan_sms(project=project.upstream_id, behaviour="code", give=0)
        for _ in range(2):
            assert bot("getNumber", service=service, country=USA, orderId="order-1") == "NO_NUMBERS"
        sandbox.vendor.plan_sms(project=project.upstream_id, behaviour="code")
        number = get_number(orderId="order-1")
        assert get_number(orderId="order-1") == number
        assert Purchase.objects.filter(state=states.REJECTED).count() == 2

    def test_a_doubt_is_told_as_the_number_once_an_operator_found_it(
        self, get_number, bot, rich, service, worker, sandbox, operator, now
    ):
        sandbox.fault("lost_after", action="add_sms", times=1)
        for _ in range(2):
            assert bot("getNumber", service=service, country=USA, orderId="order-1") == "ORDER_ALREADY_EXISTS"
        purchase = Purchase.objects.get()
        pairs = [(77, "+12025550100")]
        resolve.found(purchase_id=purchase.pk, numbers=pairs, operator=operator, reason="seen", now=now)
        assert get_number(orderId="order-1").purchase_id == purchase.pk

    def test_a_strangers_order_id_is_another(self, get_number, bot, stranger, make_key, service):
        get_number(orderId="order-1")
        assert bot("getNumber", key=make_key(stranger), service=service, country=USA, orderId="order-1") == "NO_BALANCE"

    def test_at_once_with_one_id_they_are_one_purchase(self, secret, rich, worker, service):
        answers = _at_once(4, secret, service=service, country=USA, orderId="order-1")
        assert len(set(answers)) == 1
        assert answers[0].startswith("ACCESS_NUMBER:")
        assert Purchase.objects.count() == 1

    def test_without_an_id_each_request_is_a_number(self, get_number):
        assert get_number() != get_number()

    def test_a_setting_makes_a_quick_repeat_the_same_number(self, get_number, settings, bot, service):
        settings.API_HANDLER_REPEAT_SECONDS = 60
        first = get_number()
        assert get_number() == first
        earlier = first.purchase.placed_at - timedelta(seconds=61)
        Purchase.objects.filter(pk=first.purchase_id).update(placed_at=earlier)
        second = get_number()
        assert second != first
        assert get_number() == second
        assert Purchase.objects.count() == 2

    def test_a_quick_repeat_at_the_same_moment_is_one_purchase(self, secret, rich, worker, service, settings):
        settings.API_HANDLER_REPEAT_SECONDS = 60
        assert len(set(_at_once(4, secret, service=service, country=USA))) == 1
        assert Purchase.objects.count() == 1


def _at_once(times, secret, **params):
    answers, gate = [], threading.Barrier(times)

    def run():
        try:
            gate.wait(10)
            answer = Client().get(URL, {"api_key": secret, "action": "getNumber", **params})
            answers.append(answer.content.decode())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == times
    return answers


class TestStatus:
    def test_a_whole_life(self, bot, get_number, project, sandbox, listen_to, rich):
        sandbox.vendor.plan_sms(project=project.upstream_id, behaviour="code", seconds=5, code="123456")
        number = get_number()
        assert bot("getStatus", id=number.pk) == "STATUS_WAIT_CODE"
        assert bot("getStatusV2", id=number.pk) == {"verificationType": 0, "sms": None, "call": None}
        assert bot("setStatus", id=number.pk, status=1) == "ACCESS_READY"
        for status in (3, 6):
            assert bot("setStatus", id=number.pk, status=status) == "BAD_STATUS"
        sandbox.vendor.clock.advance(6)
        number = listen_to(number)
        assert bot("getStatus", id=number.pk) == "STATUS_OK:123456"
        message = number.messages.get()
        assert bot("getStatusV2", id=number.pk)["sms"] == {
            "dateTime": f"{message.received_at:%Y-%m-%d %H:%M:%S}",
            "code": "123456",
            "text": "Your verification code is 123456",
        }
        for status in (8, -1):
            assert bot("setStatus", id=number.pk, status=status) == "BAD_STATUS"
        assert bot("setStatus", id=number.pk, status=6) == "ACCESS_ACTIVATION"
        assert bot("setStatus", id=number.pk, status=6) == "ACCESS_ACTIVATION"
        number.refresh_from_db()
        assert number.state == states.FINISHED
        assert bot("getStatus", id=number.pk) == "STATUS_OK:123456"
        for status in (1, 3, 8):
            assert bot("setStatus", id=number.pk, status=status) == "BAD_STATUS"
        assert ledger.account_of(rich).held == ZERO

    @pytest.mark.parametrize("status", [8, -1])
    def test_a_cancel_is_refused_until_the_vendors_own_end(
        self, bot, get_number, project, sandbox, listen_to, rich, status
    ):
        sandbox.vendor.plan_sms(project=project.upstream_id, behaviour="expire", lifetime=60)
        number = get_number()
        assert bot("setStatus", id=number.pk, status=status) == "EARLY_CANCEL_DENIED"
        assert ledger.account_of(rich).held == number.purchase.price
        sandbox.vendor.clock.advance(61)
        listen_to(number)
        assert ledger.account_of(rich).held == ZERO
        assert bot("setStatus", id=number.pk, status=status) == "ACCESS_CANCEL"
        assert bot("getStatus", id=number.pk) == bot("getStatusV2", id=number.pk) == "STATUS_CANCEL"
        assert bot("setStatus", id=number.pk, status=1) == "BAD_STATUS"

    def test_another_code_is_waited_for_and_told_and_costs_nothing(self, bot, with_code, sandbox, listen_to, rich):
        number, balance = with_code, ledger.account_of(rich).balance
        assert bot("getStatus", id=number.pk) == "STATUS_OK:123456"
        assert bot("setStatus", id=number.pk, status=3) == "ACCESS_RETRY_GET"
        assert bot("getStatus", id=number.pk) == "STATUS_WAIT_RETRY:123456"
        assert bot("getStatusV2", id=number.pk)["sms"] is None
        sandbox.vendor.clock.advance(31)
        second = listen_to(number).messages.last().code
        assert second != "123456"
        assert bot("getStatus", id=number.pk) == f"STATUS_OK:{second}"
        assert bot("getStatusV2", id=number.pk)["sms"]["code"] == second
        assert bot("setStatus", id=number.pk, status=6) == "ACCESS_ACTIVATION"
        assert ledger.account_of(rich).balance == balance

    def test_a_code_that_comes_between_two_calls_is_not_lost(self, bot, with_code, sandbox, listen_to):
        assert bot("getStatus", id=with_code.pk) == "STATUS_OK:123456"
        sandbox.vendor.clock.advance(31)
        second = listen_to(with_code).messages.last().code
        assert bot("setStatus", id=with_code.pk, status=3) == "ACCESS_RETRY_GET"
        assert bot("getStatus", id=with_code.pk) == f"STATUS_OK:{second}"

    def test_who_never_looked_waits_from_the_newest_one(self, bot, with_code):
        assert bot("setStatus", id=with_code.pk, status=3) == "ACCESS_RETRY_GET"
        assert bot("getStatus", id=with_code.pk) == "STATUS_WAIT_RETRY:123456"

    def test_when_no_other_code_came_the_last_one_is_what_there_is(self, bot, with_code, rich, now):
        bot("getStatus", id=with_code.pk)
        bot("setStatus", id=with_code.pk, status=3)
        close.finish(number_id=with_code.pk, customer=rich, now=now)
        assert bot("getStatus", id=with_code.pk) == "STATUS_OK:123456"

    def test_hostile_words_in_a_code_stay_on_one_line_of_plain_text(self, secret, with_code):
        message = with_code.messages.get()
        message.code, message.text = "", "<script>\nSTATUS_CANCEL"
        message.save()
        answer = Client().get(URL, {"api_key": secret, "action": "getStatus", "id": with_code.pk})
        assert answer.content == b"STATUS_OK:<script> STATUS_CANCEL"
        assert answer["Content-Type"].startswith("text/plain")
        assert answer["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize("status", ["", "0", "2", "7", "nine", "1.0"])
    def test_a_status_that_is_none_changes_nothing(self, bot, get_number, status):
        number = get_number()
        assert bot("setStatus", id=number.pk, status=status) == "BAD_STATUS"
        number.refresh_from_db()
        assert number.state == states.WAITING

    def test_a_bot_may_say_that_it_sent_for_a_code_after_the_code_came(self, bot, with_code):
        assert bot("setStatus", id=with_code.pk, status="1") == "ACCESS_READY"
        assert bot("getStatus", id=with_code.pk).startswith("STATUS_OK:")

    def test_a_strangers_number_does_not_exist(self, bot, with_code, stranger, make_key):
        key = make_key(stranger)
        for action in ("getStatus", "getStatusV2"):
            assert bot(action, key=key, id=with_code.pk) == "NO_ACTIVATION"
        for status in (1, 3, 6, 8):
            assert bot("setStatus", key=key, id=with_code.pk, status=status) == "NO_ACTIVATION"
        assert bot("getActiveActivations", key=key) == {"status": "success", "activeActivations": []}
        assert bot("getStatus", id="") == bot("getStatus", id="x") == bot("getStatus", id=10**17) == "NO_ACTIVATION"

    def test_what_is_under_way_is_listed_the_newest_first(self, bot, with_code, get_number, service):
        newer = get_number()
        told = bot("getActiveActivations")
        assert told["status"] == "success"
        assert [row["activationId"] for row in told["activeActivations"]] == [newer.pk, with_code.pk]
        row = told["activeActivations"][1]
        assert (row["serviceCode"], row["countryCode"], row["smsCode"]) == (service, USA, "123456")
        assert told["activeActivations"][0]["smsCode"] is None
        assert json.dumps(row["activationCost"]) == str(float(with_code.purchase.price))
        second = bot("getActiveActivations", start=1, limit=1)["activeActivations"]
        assert [row["activationId"] for row in second] == [with_code.pk]
        bot("setStatus", id=with_code.pk, status=6)
        assert len(bot("getActiveActivations")["activeActivations"]) == 1


def test_one_that_is_on_its_way_is_not_bought_twice_under_its_id(bot, rich, service, settings):
    settings.API_NUMBERS_WAIT = 0.5
    wish = {"service": service, "country": USA, "orderId": "order-1"}

    def claim():
        while not (pk := Purchase.objects.filter(state=states.PLACED).values_list("pk", flat=True).first()):
            time.sleep(0.01)
        forwarding._claim(acquire.DESK, pk)
        connection.close()

    thread = threading.Thread(target=claim)
    thread.start()
    assert bot("getNumber", **wish) == "ORDER_ALREADY_EXISTS"
    thread.join()
    assert bot("getNumber", **wish) == "ORDER_ALREADY_EXISTS"
    assert Purchase.objects.get().state == states.SUBMITTING
