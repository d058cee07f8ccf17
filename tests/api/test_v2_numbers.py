"""The vendor's dialect: numbers bought through the API come with their phones, and an unclear end is told as one."""

import threading

import pytest
from django.db import connection
from django.test import Client

from core.money import ZERO
from reseller.books import audit
from sms import acquire, buy, states
from sms.models import Number, Project, Purchase
from sms.withdraw import withdraw
from tests.sms.conftest import listen_to
from upstream import forwarding
from wallet import ledger

__all__ = ["listen_to"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _books(transactional_db):
    yield
    assert audit().problems == []


@pytest.fixture
def worker(transactional_db):
    """Somebody who sends purchases as they are placed, as a worker does."""
    stop = threading.Event()

    def work():
        while not stop.wait(0.02):
            for pk in Purchase.objects.filter(state=states.PLACED).values_list("pk", flat=True):
                acquire.acquire(purchase_id=pk)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


@pytest.fixture
def hasty(settings):
    """Nobody sends anything, and `add_sms` hardly waits."""
    settings.API_NUMBERS_WAIT = 0.1


class TestBuying:
    def test_the_answer_has_the_numbers(self, ask, project, rich, worker):
        answer = ask("add_sms", project_id=str(project.pk), quantity="3", country="us")
        numbers = list(Number.objects.order_by("pk"))
        assert len(numbers) == 3
        assert answer == {
            "orders": [
                {"order": number.pk, "phone": number.e164, "country": "us", "status": "active"} for number in numbers
            ]
        }
        assert ledger.account_of(rich).held == project.price * 3

    def test_one_is_bought_where_nobody_says_how_many(self, ask, project, rich, worker):
        assert len(ask("add_sms", project_id=project.pk)["orders"]) == 1

    def test_fewer_than_wanted_cost_only_themselves(self, ask, project, rich, worker, sandbox):
        sandbox.vendor.plan_sms(project=project.upstream_id, behaviour="code", give=2)
        assert len(ask("add_sms", project_id=project.pk, quantity=5)["orders"]) == 2
        assert ledger.account_of(rich).held == project.price * 2

    def test_none_is_an_error_in_our_words(self, ask, project, rich, worker, sandbox):
        sandbox.vendor.plan_sms(project=project.upstream_id, behaviour="code", give=0)
        assert "no free numbers" in ask("add_sms", project_id=project.pk)["error"]
        assert ledger.account_of(rich).held == ZERO

    @pytest.mark.parametrize("quantity", ["0", "11"])
    def test_a_quantity_out_of_range_is_refused(self, ask, project, rich, quantity):
        assert "from 1 to 10" in ask("add_sms", project_id=project.pk, quantity=quantity)["error"]

    def test_another_country_than_the_projects_is_refused(self, ask, project, rich):
        answer = ask("add_sms", project_id=project.pk, country="gb")
        assert answer == {"error": "Project is not available in this country"}
        assert not Purchase.objects.exists()

    def test_what_is_off_sale_is_not_sold(self, ask, project, rich):
        Project.objects.filter(pk=project.pk).update(hidden=True)
        assert ask("add_sms", project_id=project.pk) == {"error": "Project not found"}

    def test_a_number_can_be_used_again_by_whose_it_was(self, ask, project, rich, worker, sandbox):
        phone = ask("add_sms", project_id=project.pk)["orders"][0]["phone"]
        sandbox.vendor.clock.advance(3600)
        again = ask("add_sms", project_id=project.pk, phone=phone, idempotency_key="k")
        assert again["orders"][0]["phone"] == phone
        assert ask("add_sms", project_id=project.pk, phone=phone, idempotency_key="k") == again
        assert "Phone: " in ask("add_sms", project_id=project.pk, phone="+12025550199")["error"]
        wrong = ask("add_sms", project_id=project.pk, phone="+12025550199", idempotency_key="k")
        assert "used before" in wrong["error"]


class TestWaiting:
    def test_without_a_key_what_has_not_gone_out_is_taken_back(self, ask, project, rich, hasty):
        answer = ask("add_sms", project_id=project.pk)
        assert "nothing is charged" in answer["error"]
        purchase = Purchase.objects.get()
        assert (purchase.state, purchase.reason) == (states.REJECTED, "WITHDRAWN")
        assert ledger.account_of(rich).held == ZERO
        assert acquire.acquire(purchase_id=purchase.pk) is None

    def test_with_a_key_it_goes_on_and_the_same_key_brings_it(self, ask, project, rich, hasty):
        wish = {"project_id": project.pk, "idempotency_key": "k1"}
        assert "same Idempotency-Key" in ask("add_sms", status=503, **wish)["error"]
        purchase = Purchase.objects.get()
        assert purchase.state == states.PLACED
        acquire.acquire(purchase_id=purchase.pk)
        answer = ask("add_sms", **wish)
        assert [each["order"] for each in answer["orders"]] == [Number.objects.get().pk]
        assert Purchase.objects.count() == 1

    def test_one_that_is_on_its_way_is_never_a_plain_no(self, ask, project, rich, settings):
        settings.API_NUMBERS_WAIT = 0.5

        def claim():
            while not Purchase.objects.filter(state=states.PLACED).exists():
                pass
            forwarding._claim(acquire.DESK, Purchase.objects.get().pk)
            connection.close()

        thread = threading.Thread(target=claim)
        thread.start()
        ask("add_sms", status=503, project_id=project.pk)
        thread.join()
        purchase = Purchase.objects.get()
        assert purchase.state == states.SUBMITTING
        assert ledger.account_of(rich).held == project.price

    def test_a_doubt_is_told_as_one_and_its_money_stays(self, ask, project, rich, worker, sandbox):
        sandbox.fault("lost_after", action="add_sms", times=1)
        ask("add_sms", status=503, project_id=project.pk, idempotency_key="k1")
        assert Purchase.objects.get().state == states.UNCERTAIN
        assert ledger.account_of(rich).held == project.price

    def test_not_all_threads_wait_for_numbers(self, secret, project, rich, settings):
        settings.API_NUMBERS_WAIT = 1
        answers = []

        def run():
            wish = {"key": secret, "action": "add_sms", "project_id": project.pk}
            answers.append(Client().post("/api/v2", wish))
            connection.close()

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statuses = [answer.status_code for answer in answers]
        assert statuses.count(429) >= 3
        assert statuses.count(200) >= 4
        assert Purchase.objects.count() == statuses.count(200)
        assert ledger.account_of(rich).held == ZERO

    def test_what_was_claimed_is_not_taken_back(self, project, rich, now):
        purchase = buy.numbers(customer=rich, project_id=project.pk, quantity=1, now=now)
        forwarding._claim(acquire.DESK, purchase.pk)
        assert withdraw(purchase_id=purchase.pk, customer=rich, now=now) is False
        assert ledger.account_of(rich).held == project.price


class TestCodes:
    def test_a_code_is_waited_for_and_told(self, ask, project, rich, worker, sandbox, listen_to):
        sandbox.vendor.plan_sms(project=project.upstream_id, behaviour="code", seconds=5, code="123456")
        order = ask("add_sms", project_id=project.pk)["orders"][0]["order"]
        assert ask("sms_code", order=order) == {"status": "waiting", "message": "Waiting for code"}
        waiting = ask("sms_status", order=order)
        number = Number.objects.get()
        assert waiting["status"] == "active"
        assert waiting["code"] is None
        assert waiting["charge"] == f"{project.price:.4f}"
        assert waiting["expires_at"].endswith("Z")
        sandbox.vendor.clock.advance(6)
        listen_to(number)
        assert ask("sms_code", order=order) == {
            "status": "completed",
            "code": "123456",
            "sms_content": "Your verification code is 123456",
        }
        answer = ask("sms_status", order=order)
        assert (answer["status"], answer["code"], answer["phone"]) == ("code_received", "123456", number.e164)
        assert answer["charge"] == f"{project.price:.4f}"

    def test_without_a_code_nothing_is_charged_in_the_end(self, ask, project, rich, worker, sandbox, listen_to):
        sandbox.vendor.plan_sms(project=project.upstream_id, behaviour="expire", lifetime=60)
        order = ask("add_sms", project_id=project.pk)["orders"][0]["order"]
        sandbox.vendor.clock.advance(61)
        listen_to(Number.objects.get())
        assert ask("sms_code", order=order) == {"status": "expired", "message": "Number expired"}
        assert ask("sms_status", order=order)["charge"] == "0.0000"

    def test_a_strangers_number_does_not_exist(self, ask, project, rich, worker, stranger, make_key):
        order = ask("add_sms", project_id=project.pk)["orders"][0]["order"]
        key = make_key(stranger)
        for action in ("sms_code", "sms_status"):
            assert ask(action, key=key, order=order) == {"error": "Order not found"}


def test_four_at_once_with_one_key_are_one_purchase(project, rich, secret, worker):
    answers, gate = [], threading.Barrier(4)

    def run():
        try:
            gate.wait(10)
            wish = {"key": secret, "action": "add_sms", "project_id": project.pk, "idempotency_key": "k1"}
            answers.append(Client().post("/api/v2", wish).json())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({str(answer) for answer in answers}) == 1
    assert answers[0]["orders"][0]["order"] == Number.objects.get().pk
    assert ledger.account_of(rich).held == project.price
