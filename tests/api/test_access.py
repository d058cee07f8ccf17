"""Who gets in: keys, their scope, their addresses, their pace; and what the log keeps of it."""

import json
from datetime import timedelta
from io import BytesIO

import pytest
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, FakePayload, encode_multipart

from api import addresses, calls, keys
from api.models import Call, Key
from core.addresses import client_address
from tests.api.conftest import asker

pytestmark = pytest.mark.django_db
PATHS = ["/api/v2", "/api/v2/", "/api/v2/panel", "/api/v2/panel/"]


class TestKeys:
    def test_the_secret_is_not_kept(self, customer, now):
        key, secret = keys.make(customer=customer, name="robot", now=now)
        kept = json.dumps(Key.objects.values().get(), default=str)
        assert len(secret) == 64
        assert secret not in kept
        assert key.prefix == secret[:8]

    def test_a_key_finds_its_customer_in_one_query(self, customer, secret, django_assert_num_queries):
        with django_assert_num_queries(1):
            assert keys.behind(secret).customer == customer

    @pytest.mark.parametrize("wrong", ["", "x", "x" * 300, "é\ud800"])
    def test_another_secret_finds_nobody(self, secret, wrong):
        assert keys.behind(wrong) is None
        assert keys.behind(secret[:-1]) is None

    def test_a_revoked_key_opens_nothing(self, customer, secret, ask, now):
        keys.revoke(key_id=Key.objects.get().pk, customer=customer, now=now)
        assert ask("balance") == {"error": "Invalid API key"}

    def test_revoking_twice_keeps_the_first_moment(self, customer, secret, now):
        key = Key.objects.get()
        first = keys.revoke(key_id=key.pk, customer=customer, now=now).revoked_at
        assert keys.revoke(key_id=key.pk, customer=customer, now=now + timedelta(days=1)).revoked_at == first

    def test_a_strangers_key_can_not_be_revoked(self, stranger, secret, now):
        with pytest.raises(Key.DoesNotExist):
            keys.revoke(key_id=Key.objects.get().pk, customer=stranger, now=now)

    def test_a_closed_account_opens_nothing(self, customer, ask):
        type(customer).objects.update(is_active=False)
        assert ask("balance") == {"error": "Invalid API key"}

    def test_there_is_an_end_to_keys(self, customer, now):
        for number in range(keys.MOST):
            keys.make(customer=customer, name=str(number), now=now)
        with pytest.raises(keys.CantMake, match="revoke"):
            keys.make(customer=customer, name="one more", now=now)

    @pytest.mark.parametrize("path", ["/api/v2", "/api/v2/panel"])
    @pytest.mark.parametrize("action", ["add", "add_sms", "refill", "cancel"])
    def test_a_key_that_may_only_read_does_nothing_else(self, customer, make_key, path, action):
        ask = asker(path, make_key(customer, scope="READ_ONLY"))
        assert ask(action)["error"] in ("This API key may only read", "Invalid action")
        assert ask("balance")["currency"] == "USD"


class TestRequests:
    @pytest.mark.parametrize("path", PATHS)
    def test_form_json_and_multipart_say_the_same(self, secret, path):
        client, wish = Client(enforce_csrf_checks=True), {"key": secret, "action": "balance"}
        form = f"key={secret}&action=balance"
        answers = [
            client.post(path, form, content_type="application/x-www-form-urlencoded"),
            client.post(path, wish, content_type="application/json"),
            client.post(path, wish),
        ]
        assert {answer.status_code for answer in answers} == {200}
        assert [answer.json() for answer in answers] == [{"balance": "50.00", "currency": "USD"}] * 3

    @pytest.mark.parametrize("path", PATHS)
    def test_nobody_keeps_an_answer_and_no_cookie_is_set(self, secret, path):
        answer = Client().post(path, {"key": secret, "action": "balance"})
        assert answer["Cache-Control"] == "no-store"
        assert answer["Content-Type"] == "application/json"
        assert not answer.cookies

    @pytest.mark.parametrize("method", ["get", "put", "delete", "patch", "head"])
    def test_only_post_is_taken(self, secret, method):
        answer = getattr(Client(), method)(f"/api/v2?key={secret}&action=balance")
        assert answer.status_code == 200
        if method != "head":
            assert "POST" in answer.json()["error"]

    def test_get_is_taken_where_a_setting_says_so(self, secret, settings):
        settings.API_ALLOW_GET = True
        answer = Client().get(f"/api/v2?key={secret}&action=balance")
        assert answer.json() == {"balance": "50.00", "currency": "USD"}

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b"{", "application/json"),
            (b"[1]", "application/json"),
            (b"[" * 100_000, "application/json"),
            (b'{"key": {"a": 1}}', "application/json"),
            (b"\xff\xfe", "application/json"),
            (b"x" * 2_000_000, "application/x-www-form-urlencoded"),
            (b"&".join(b"a%d=1" % n for n in range(2000)), "application/x-www-form-urlencoded"),
            (b"key=1", "application/x-www-form-urlencoded; charset=utf-16"),
            (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
            (b"nonsense", "multipart/form-data"),
        ],
    )
    def test_what_can_not_be_read_is_answered_in_words(self, db, body, kind):
        answer = Client().post("/api/v2", body, content_type=kind)
        assert answer.status_code == 200
        assert answer.json()["error"] in ("The request could not be read", "Invalid API key")

    @pytest.mark.parametrize("path", ["/api/v2", "/api/v2/panel", "/stubs/handler_api.php"])
    @pytest.mark.parametrize("more", [{"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}, {}])
    def test_a_body_that_nobody_needs_is_not_read(self, secret, path, more, monkeypatch):
        read = []
        monkeypatch.setattr(FakePayload, "read", lambda self, *size: read.append(size) or b"")
        names = {"key": secret, "api_key": secret, "action": "balance"}
        # A file would go to the disk before anybody is asked for a key.
        form = {**names, "file": BytesIO(b"x" * 2_000_000)}
        answer = Client().generic(
            "POST", path, encode_multipart(BOUNDARY, form if not more else names), MULTIPART_CONTENT, **more
        )
        assert (answer.status_code, read) == (200, [])
        assert b"could not be read" in answer.content or answer.content == b"BAD_ACTION"

    def test_errors_are_in_one_language(self, secret):
        answer = Client().post("/api/v2", {"key": secret, "action": "no"}, headers={"Accept-Language": "zh-hans"})
        assert answer.json() == {"error": "Invalid action"}

    def test_a_fault_of_ours_is_told_in_words_and_logged_with_ids(self, secret, ask, settings, caplog):
        settings.API_PER_MINUTE = None
        assert ask("balance") == {"error": "Something went wrong on our side. Try again"}
        key = Key.objects.get()
        assert f"key {key.pk}, customer {key.customer_id}" in caplog.text
        assert secret not in caplog.text


class TestAddresses:
    @pytest.mark.parametrize(
        ("networks", "allowed"),
        [
            ([], True),
            (["127.0.0.1/32"], True),
            (["10.0.0.0/8", "127.0.0.0/8"], True),
            (["10.0.0.0/8"], False),
            (["::1/128"], False),
        ],
    )
    def test_a_key_with_networks_is_good_there_only(self, customer, make_key, networks, allowed):
        answer = asker("/api/v2", make_key(customer, networks=networks))("balance")
        assert ("balance" in answer) is allowed
        assert answer.get("error", "") in ("", "This API key may not be used from this address")

    def test_who_found_a_key_uses_up_neither_its_minute_nor_its_log(self, customer, make_key, settings):
        settings.API_PER_MINUTE = 3
        secret = make_key(customer, networks=["203.0.113.0/24"])
        elsewhere, at_home = Client(), Client(REMOTE_ADDR="203.0.113.5")
        for _ in range(9):
            answer = elsewhere.post("/api/v2", {"key": secret, "action": "balance"})
            assert answer.json() == {"error": "This API key may not be used from this address"}
        assert at_home.post("/api/v2", {"key": secret, "action": "balance"}).json()["balance"] == "50.00"
        assert 3 <= Call.objects.count() - 1 <= 6  # a minute may have turned meanwhile

    def test_a_forwarded_address_is_not_believed(self, customer, make_key):
        ask = asker("/api/v2", make_key(customer, networks=["203.0.113.0/24"]))
        assert "error" in ask("balance", headers={"X-Forwarded-For": "203.0.113.5"})

    @pytest.mark.parametrize(
        ("forwarded", "allowed"),
        [
            ("203.0.113.5", True),
            ("198.51.100.1, 203.0.113.5", True),
            ("203.0.113.5, 198.51.100.1", False),
            ("nonsense", False),
            ("", False),
        ],
    )
    def test_behind_a_proxy_its_own_entry_counts(self, customer, make_key, settings, forwarded, allowed):
        settings.TRUSTED_PROXIES = 1
        ask = asker("/api/v2", make_key(customer, networks=["203.0.113.0/24"]))
        assert ("balance" in ask("balance", headers={"X-Forwarded-For": forwarded})) is allowed

    def test_fewer_hops_than_our_proxies_is_nobody(self, rf, settings):
        settings.TRUSTED_PROXIES = 2
        request = rf.get("/", HTTP_X_FORWARDED_FOR="203.0.113.5")
        assert client_address(request) is None

    def test_an_ipv4_address_in_ipv6_clothes_is_the_same(self, rf):
        assert client_address(rf.get("/", REMOTE_ADDR="::ffff:203.0.113.5")) == "203.0.113.5"

    def test_networks_are_read_in_any_form(self):
        assert addresses.read_networks("203.0.113.9\n10.1.2.3/8, 2001:db8::1") == [
            "203.0.113.9/32",
            "10.0.0.0/8",
            "2001:db8::1/128",
        ]

    @pytest.mark.parametrize(
        "text", ["nonsense", "300.1.1.1", "10.0.0.0/99", "\n".join(f"10.0.0.{n}" for n in range(21))]
    )
    def test_what_is_no_network_is_refused_in_words(self, text):
        with pytest.raises(ValueError, match=r"\w+ \w+"):
            addresses.read_networks(text)


class TestPace:
    @pytest.mark.parametrize("broker_url", [None, "memory://"])
    def test_too_many_are_told_when_to_come_again(self, secret, settings, broker_url):
        settings.API_PER_MINUTE = 3
        if broker_url:
            settings.CELERY_BROKER_URL = broker_url
        client, wish = Client(), {"key": secret, "action": "balance"}
        answers = [client.post("/api/v2", wish) for _ in range(7)]
        statuses = [answer.status_code for answer in answers]
        assert 1 <= statuses.count(429) <= 4  # a minute may have begun in between
        late = next(answer for answer in answers if answer.status_code == 429)
        assert 1 <= int(late["Retry-After"]) <= 61
        assert "Too many requests" in late.json()["error"]

    def test_one_key_does_not_use_up_anothers(self, customer, secret, make_key, settings, ask):
        settings.API_PER_MINUTE = 1
        for _ in range(4):
            Client().post("/api/v2", {"key": secret, "action": "balance"})
        assert ask("balance", key=make_key(customer))["currency"] == "USD"

    def test_a_counter_that_is_away_stops_nobody(self, settings, ask):
        settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
        assert ask("balance")["currency"] == "USD"


class TestLog:
    def test_a_call_is_noted_with_what_came_of_it(self, ask):
        ask("balance")
        ask("status", order="999")
        assert list(Call.objects.order_by("pk").values_list("action", "outcome", "address")) == [
            ("balance", "", "127.0.0.1"),
            ("status", "Order not found", "127.0.0.1"),
        ]

    def test_hostile_actions_are_noted_as_far_as_there_is_room(self, ask):
        ask("x" * 5000)
        assert Call.objects.get().action == "x" * 20

    def test_a_strangers_guess_is_not_noted(self, ask):
        ask("balance", key="0" * 64)
        assert not Call.objects.exists()

    def test_last_use_is_written_at_most_once_a_minute(self, ask, now):
        ask("balance")
        first = Key.objects.get().last_used_at
        ask("balance")
        assert Key.objects.get().last_used_at == first
        Key.objects.update(last_used_at=now - timedelta(minutes=2))
        ask("balance")
        assert Key.objects.get().last_used_at >= first

    def test_balance_takes_two_queries_and_its_note(self, ask, django_assert_num_queries):
        ask("balance")
        with django_assert_num_queries(3):
            ask("balance")

    def test_the_log_keeps_the_newest(self, secret, now):
        key = Key.objects.get()
        for age in range(calls.KEPT + 10):
            Call.objects.create(key=key, action=str(age), milliseconds=1, at=now)
        old = Call.objects.create(key=key, action="old", milliseconds=1, at=now - calls.KEPT_FOR - timedelta(hours=1))
        assert calls.purge(now=now) == 11
        assert Call.objects.count() == calls.KEPT
        assert not Call.objects.filter(pk=old.pk).exists()
        assert not Call.objects.filter(action="9").exists()
        assert Call.objects.filter(action="10").exists()
