"""The vendor's dialect: orders placed and followed, by number, each customer their own."""

import threading
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from api.models import Key
from core.money import plain
from orders import resolve, settle, states, submit
from orders.models import DeliveredItem, Order
from orders.verdict import ended
from reseller.books import audit
from tests.api.conftest import asker
from wallet import ledger

LINK = "https://instagram.com/name"


@pytest.fixture(autouse=True)
def _books(db):
    yield
    assert audit().problems == []


@pytest.fixture
def add(ask, catalogue, rich):
    """`add(upstream_id, …)` places an order through the API and returns the answer."""

    def add(upstream_id=1, *, quantity=None, **more):
        service = catalogue[upstream_id]
        return ask("add", **{"service": service.pk, "quantity": quantity or service.min, "link": LINK, **more})

    return add


@pytest.fixture
def running(add):
    """A running order."""
    order_id = add(1)["order"]
    submit.submit(order_id=order_id)
    return Order.objects.get(pk=order_id)


@pytest.mark.django_db
class TestAdd:
    def test_an_order_is_placed_and_answered_by_number_at_once(self, add, rich, catalogue):
        answer = add(1, quantity=100)
        order = Order.objects.get()
        assert answer == {"order": order.pk}
        assert (order.state, order.customer, order.quantity, order.link) == (states.PLACED, rich, 100, LINK)
        assert ledger.account_of(rich).held == order.charge

    def test_numbers_in_json_are_taken_as_they_come(self, secret, catalogue, rich):
        service = catalogue[1]
        wish = {"key": secret, "action": "add", "service": service.pk, "quantity": 100.0, "link": LINK, "runs": None}
        answer = Client().post("/api/v2", wish, content_type="application/json")
        assert answer.json() == {"order": Order.objects.get().pk}

    def test_a_product_needs_no_link(self, add):
        assert add(7, quantity=1, link="") == {"order": Order.objects.get().pk}

    def test_without_a_key_the_same_twice_is_two_orders(self, add):
        assert add() != add()
        assert Order.objects.count() == 2

    @pytest.mark.parametrize("how", ["header", "field", "both"])
    def test_the_same_idempotency_key_is_the_same_order(self, add, rich, how):
        more = {}
        if how != "field":
            more["headers"] = {"Idempotency-Key": "k1"}
        if how != "header":
            more["idempotency_key"] = "k1"
        first = add(**more)
        assert add(**more) == first
        order = Order.objects.get()
        assert ledger.account_of(rich).held == order.charge

    def test_it_stays_the_same_when_the_order_went_on(self, add, ask, catalogue):
        first = add(idempotency_key="k1")
        submit.submit(order_id=first["order"])
        type(catalogue[1]).objects.update(hidden=True)
        assert add(idempotency_key="k1") == first

    def test_other_values_under_one_key_are_an_error(self, add):
        add(idempotency_key="k1", quantity=100)
        for other in [{"quantity": 200}, {"quantity": 100, "link": "https://instagram.com/other"}]:
            assert add(idempotency_key="k1", **other) == {
                "error": "This idempotency key was used before, for something else"
            }
        assert Order.objects.count() == 1

    def test_two_different_keys_at_once_are_an_error(self, add):
        answer = add(idempotency_key="k1", headers={"Idempotency-Key": "k2"})
        assert "differ" in answer["error"]
        assert "at most" in add(idempotency_key="k" * 201)["error"]
        assert not Order.objects.exists()

    def test_anothers_key_is_their_own(self, add, stranger, make_key, catalogue, now):
        ledger.adjust(account=ledger.account_of(stranger), amount=Decimal(500), key="s", memo="s", now=now)
        first = add(idempotency_key="k1")
        service = catalogue[1]
        other = asker("/api/v2", make_key(stranger))(
            "add", service=service.pk, quantity=service.min, link=LINK, idempotency_key="k1"
        )
        assert other["order"] != first["order"]
        assert Order.objects.get(pk=other["order"]).customer == stranger

    def test_an_order_of_the_page_is_not_found_by_a_key(self, add, placed):
        placed(1, form_key="k1")
        add(idempotency_key="k1")
        assert Order.objects.count() == 2


@pytest.mark.django_db
class TestStatus:
    def test_an_order_that_waits_is_pending_at_its_charge(self, add, ask):
        order = Order.objects.get(pk=add()["order"])
        assert ask("status", order=order.pk) == {
            "status": "Pending",
            "charge": plain(order.charge),
            "start_count": 0,
            "remains": order.quantity,
            "currency": "USD",
            "autoDelivery": order.service.auto_delivery,
        }

    @pytest.mark.parametrize(
        ("word", "shown"),
        [
            ("In progress", "In progress"),
            ("PROCESSING", "Processing"),
            ("Pending", "Pending"),
            ("<b>Sold by hstockplus</b>", "In progress"),
            ("", "In progress"),
        ],
    )
    def test_only_known_words_of_the_vendor_are_passed_on(self, running, ask, word, shown):
        Order.objects.update(upstream_status=word, remains=40, start_count=7)
        answer = ask("status", order=running.pk)
        assert (answer["status"], answer["remains"], answer["start_count"]) == (shown, 40, 7)

    @pytest.mark.parametrize("remains", [-5, 10**12, None])
    def test_remains_beyond_reason_are_not_passed_on(self, running, ask, remains):
        Order.objects.update(remains=remains)
        assert 0 <= ask("status", order=running.pk)["remains"] <= running.quantity

    @pytest.mark.parametrize(("share", "word"), [(1.0, "Completed"), (0.4, "Partial"), (0.0, "Canceled")])
    def test_after_its_end_the_charge_is_what_was_paid(self, running, ask, rich, share, word):
        delivered = int(running.quantity * share)
        settle.settle(order_id=running.pk, verdict=ended(running.quantity, delivered), now=timezone.now())
        answer = ask("status", order=running.pk)
        running.hold.refresh_from_db()
        assert answer["status"] == word
        assert answer["charge"] == plain(running.hold.captured)
        assert answer["remains"] == running.quantity - delivered
        assert ask("balance")["balance"] == plain(ledger.account_of(rich).balance)

    def test_a_doubt_is_the_shops_own(self, running, ask):
        Order.objects.update(state=states.UNCERTAIN, upstream_id=None)
        assert ask("status", order=running.pk)["status"] == "Pending"

    def test_a_refused_order_cost_nothing(self, add, ask, operator, now):
        order_id = add()["order"]
        resolve.give_up(order_id=order_id, operator=operator, reason="test", now=now)
        answer = ask("status", order=order_id)
        assert (answer["status"], answer["charge"]) == ("Canceled", "0.00")

    def test_goods_come_with_a_product_in_their_order(self, add, ask, now):
        order = Order.objects.get(pk=add(7, quantity=2)["order"])
        submit.submit(order_id=order.pk)
        assert "accounts" not in ask("status", order=order.pk)
        for position, text in [(2, "b:2"), (1, "a:1")]:
            DeliveredItem.objects.create(order=order, position=position, text=text, delivered_at=now)
        Order.objects.update(delivered=2)
        answer = ask("status", order=order.pk)
        assert answer["accounts"] == ["a:1", "b:2"]
        assert answer["entityType"] == "product"
        assert ask("status", orders=f"{order.pk}")[str(order.pk)] == answer
        settle.settle(order_id=order.pk, verdict=ended(2, 2), now=now)

    def test_several_at_once_are_told_by_id(self, add, ask, stranger, make_key):
        first, second = add()["order"], add()["order"]
        answer = ask("status", orders=f"{first}, {second},999999,x,{first}")
        assert list(answer) == [str(first), str(second), "999999", "x"]
        assert answer[str(first)] == ask("status", order=first)
        assert answer["999999"] == answer["x"] == {"error": "Order not found"}
        theirs = asker("/api/v2", make_key(stranger))
        assert theirs("status", orders=str(first)) == {str(first): {"error": "Order not found"}}
        assert theirs("status", order=first) == {"error": "Order not found"}

    @pytest.mark.usefixtures("notes_apart")
    def test_it_takes_two_queries_for_one_or_a_hundred(self, add, ask, django_assert_num_queries):
        ids = [add()["order"] for _ in range(8)]
        with django_assert_num_queries(2):
            ask("status", order=ids[0])
        with django_assert_num_queries(2):
            ask("status", orders=",".join(map(str, ids)))


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_with_one_key_are_one_order(catalogue, rich, secret):
    service = catalogue[1]
    answers, gate = [], threading.Barrier(10)

    def run():
        try:
            gate.wait(10)
            wish = {"key": secret, "action": "add", "service": service.pk, "quantity": service.min, "link": LINK}
            answers.append(Client().post("/api/v2", wish, headers={"Idempotency-Key": "k1"}).json())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    order = Order.objects.get()
    assert answers == [{"order": order.pk}] * 10
    assert ledger.account_of(rich).held == order.charge
    assert Key.objects.get().calls.count() == 10
