"""One idempotency key is one purchase, whatever is bought; and a fault after a purchase is never a plain no."""

import threading
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection
from django.test import Client

from orders.models import Order
from reseller.books import audit
from sms import states
from sms.models import Purchase
from tests.api.test_v2_numbers import hasty, worker
from wallet import ledger

__all__ = ["hasty", "worker"]
pytestmark = pytest.mark.django_db(transaction=True)
LINK = "https://instagram.com/name"
USED = {"error": "This idempotency key was used before, for something else"}


@pytest.fixture(autouse=True)
def _books(transactional_db):
    yield
    assert audit().problems == []


@pytest.fixture
def order_wish(catalogue):
    """What `add` is asked for."""
    service = catalogue[1]
    return {"service": service.pk, "quantity": service.min, "link": LINK}


@contextmanager
def losing(words):
    """The database is lost for every statement that has these words in it."""

    def lost(execute, sql, params, many, context):
        if words in sql:
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(lost):
        yield


class TestAcrossKinds:
    def test_the_key_of_an_order_buys_no_numbers(self, ask, order_wish, project, rich, worker):
        first = ask("add", idempotency_key="k1", **order_wish)
        held = ledger.account_of(rich).held
        assert ask("add_sms", project_id=project.pk, idempotency_key="k1") == USED
        assert not Purchase.objects.exists()
        assert ledger.account_of(rich).held == held
        assert ask("add", idempotency_key="k1", **order_wish) == first

    def test_the_key_of_numbers_places_no_order(self, ask, ask_panel, order_wish, project, rich, worker):
        first = ask("add_sms", project_id=project.pk, headers={"Idempotency-Key": "k1"})
        for dialect in (ask, ask_panel):
            assert dialect("add", headers={"Idempotency-Key": "k1"}, **order_wish) == USED
        assert not Order.objects.exists()
        assert ask("add_sms", project_id=project.pk, headers={"Idempotency-Key": "k1"}) == first

    def test_a_key_whose_wish_was_refused_is_free_for_another(self, ask, order_wish, project, rich, worker):
        assert "error" in ask("add", idempotency_key="k1", **{**order_wish, "quantity": "0"})
        assert "orders" in ask("add_sms", project_id=project.pk, idempotency_key="k1")

    def test_both_at_once_with_one_key_are_one_purchase(self, order_wish, project, rich, secret, worker):
        project_id = project.pk
        for round_ in range(5):
            answers, gate = [], threading.Barrier(2)

            def run(gate=gate, answers=answers, key=f"k{round_}", **wish):
                try:
                    gate.wait(10)
                    answers.append(Client().post("/api/v2", {"key": secret, "idempotency_key": key, **wish}).json())
                finally:
                    connection.close()

            threads = [
                threading.Thread(target=run, kwargs={"action": "add", **order_wish}),
                threading.Thread(target=run, kwargs={"action": "add_sms", "project_id": project_id}),
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert answers.count(USED) == 1, answers
            assert Order.objects.count() + Purchase.objects.count() == round_ + 1


class TestAfterThePurchase:
    def test_a_database_that_is_lost_while_numbers_are_waited_for_is_no_plain_no(self, ask, project, rich, hasty):
        # What the wait asks for again and again, and nothing before it does.
        with losing('SELECT "sms_purchase"."id", "sms_purchase"."state"'):
            answer = ask("add_sms", status=503, project_id=project.pk)
        assert "not known whether" in answer["error"]
        assert Purchase.objects.get().state == states.PLACED
