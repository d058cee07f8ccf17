"""The customer's page of keys, the operator's list of them, and the command that makes one."""

import json

import pytest
from django.core.management import call_command
from django.test import Client

from api import keys
from api.models import Call, Key
from tests.api.conftest import asker

pytestmark = pytest.mark.django_db
PAGE = "/account/api"


@pytest.fixture
def browser(customer):
    client = Client()
    client.force_login(customer)
    return client


def form(**changes):
    return {"name": "robot", "scope": "FULL", "networks": "", **changes}


class TestPage:
    def test_a_key_is_shown_once_and_works(self, browser, broker):
        answer = browser.post(PAGE, form(), follow=True)
        secret = answer.context["secret"]
        assert len(secret) == 64
        assert secret in answer.content.decode()
        assert asker("/api/v2", secret)("balance") == {"balance": "50.00", "currency": "USD"}
        again = browser.get(PAGE)
        assert secret not in again.content.decode()
        assert secret[:8] in again.content.decode()

    def test_a_form_that_is_sent_twice_is_one_key_and_another_wish_is_another(self, browser):
        key = browser.get(PAGE).context["form"]["form_key"].value()
        browser.post(PAGE, form(form_key=key))
        answer = browser.post(PAGE, form(form_key=key), follow=True)
        assert Key.objects.count() == 1
        assert len(answer.context["secret"]) == 64, "the page after a double click still shows it"
        browser.post(PAGE, form(form_key=key, name="another"))
        assert Key.objects.count() == 2
        for _click in range(2):
            browser.post("/api/key", {"form_key": key, "scope": "FULL"})
        assert Key.objects.count() == 3

    def test_the_secret_waits_in_no_session_in_clear(self, browser):
        browser.post(PAGE, form())
        kept = json.dumps(dict(browser.session.items()))
        prefix = Key.objects.get().prefix
        assert prefix not in kept

    def test_scope_and_networks_are_kept(self, browser):
        browser.post(PAGE, form(scope="READ_ONLY", networks="203.0.113.0/24, 10.0.0.1"))
        key = Key.objects.get()
        assert (key.scope, key.networks) == ("READ_ONLY", ["203.0.113.0/24", "10.0.0.1/32"])

    @pytest.mark.parametrize("wrong", [{"name": ""}, {"name": "x" * 61}, {"scope": "ALL"}, {"networks": "here"}])
    def test_what_is_wrong_stands_beside_its_field(self, browser, wrong):
        answer = browser.post(PAGE, form(**wrong))
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == list(wrong)
        assert not Key.objects.exists()

    def test_one_key_too_many_is_refused_in_words(self, browser, customer, now):
        for number in range(keys.MOST):
            keys.make(customer=customer, name=str(number), now=now)
        answer = browser.post(PAGE, form())
        assert answer.status_code == 422
        assert "revoke" in answer.content.decode()

    def test_revoking_ends_it(self, browser, secret, ask):
        browser.post(f"{PAGE}/{Key.objects.get().pk}/revoke")
        assert ask("balance") == {"error": "Invalid API key"}
        assert secret[:8] not in browser.get(PAGE).content.decode()

    def test_a_stranger_sees_and_revokes_nothing(self, stranger, secret, ask):
        ask("balance")
        client = Client()
        client.force_login(stranger)
        page = client.get(PAGE).content.decode()
        assert secret[:8] not in page
        assert "<code>balance</code>" not in page
        assert client.post(f"{PAGE}/{Key.objects.get().pk}/revoke").status_code == 404
        assert ask("balance")["currency"] == "USD"

    def test_recent_calls_stand_there_as_text(self, browser, secret, ask):
        ask("<b>x</b>")
        page = browser.get(PAGE).content.decode()
        assert "&lt;b&gt;x&lt;/b&gt;" in page
        assert "<b>x</b>" not in page
        assert "Invalid action" in page

    def test_nobody_gets_there_without_signing_in(self, db):
        assert Client().get(PAGE).status_code == 302
        assert Client().post(f"{PAGE}/1/revoke").status_code == 302

    def test_the_page_takes_as_many_queries_with_many_calls(self, browser, secret, now, django_assert_max_num_queries):
        for number in range(40):
            Call.objects.create(key=Key.objects.get(), action=str(number), milliseconds=1, at=now)
        with django_assert_max_num_queries(8):
            browser.get(PAGE)


class TestOperator:
    def test_an_operator_sees_whose_it_is_and_revokes_it(self, operator, secret, ask):
        desk = Client()
        desk.force_login(operator)
        key = Key.objects.get()
        assert "customer@example.com" in desk.get("/admin/api/key/").content.decode()
        assert secret not in desk.get(f"/admin/api/key/{key.pk}/change/").content.decode()
        assert desk.get(f"/admin/api/key/{key.pk}/revoke/").status_code == 200
        desk.post(f"/admin/api/key/{key.pk}/revoke/", {"reason": "leaked"})
        assert ask("balance") == {"error": "Invalid API key"}


class TestCommand:
    def test_create_customer_prints_a_key_that_works(self, broker, capsys):
        call_command("create_customer", "new@example.com", "--credit", "5", "--api-key")
        shown = json.loads(capsys.readouterr().out)
        assert set(shown) == {"id", "email", "balance", "api_key"}
        assert asker("/api/v2", shown["api_key"])("balance") == {"balance": "5.00", "currency": "USD"}
