"""The panels' dialect: shapes and types as its clients read them, and requests that an operator sees to."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Service
from core.models import Alert
from core.money import plain
from desk import ask as wishes
from desk import decide
from desk.models import Request
from orders import settle, states, submit
from orders.models import Order, OrderEvent
from orders.plans import run
from orders.verdict import ended
from orders.withdraw import withdraw
from reseller.books import audit
from tests.api.conftest import asker
from upstream import forwarding
from wallet import ledger

pytestmark = pytest.mark.django_db
LINK = "https://instagram.com/name"


@pytest.fixture(autouse=True)
def _books(db):
    yield
    assert audit().problems == []


@pytest.fixture
def add(ask_panel, catalogue, rich):
    """`add(refill=…, cancel=…)` places an order of a service with these flags and returns it."""

    def add(upstream_id=1, **flags):
        service = catalogue[upstream_id]
        Service.objects.filter(pk=service.pk).update(**flags)
        answer = ask_panel("add", service=service.pk, quantity=service.min, link=LINK)
        return Order.objects.get(pk=answer["order"])

    return add


@pytest.fixture
def running(add):
    """`running(…)` places such an order and has it accepted."""

    def running(**flags):
        order = add(**flags)
        submit.submit(order_id=order.pk)
        order.refresh_from_db()
        return order

    return running


@pytest.fixture
def delivered(running):
    """`delivered(…)` has it delivered as well."""

    def delivered(**flags):
        order = running(**flags)
        settle.settle(order_id=order.pk, verdict=ended(order.quantity, order.quantity), now=timezone.now())
        return order

    return delivered


class TestShapes:
    def test_services_are_a_bare_list_with_text_where_panels_have_text(self, ask_panel, catalogue):
        answer = ask_panel("services")
        assert len(answer) == len(catalogue)
        for row in answer:
            assert list(row) == [
                *("service", "name", "type", "category", "rate", "min", "max", "refill", "cancel", "dripfeed")
            ]
            assert [type(value) for value in row.values()] == [int, str, str, str, str, str, str, bool, bool, bool]
            assert row["type"] == "Default"
            assert row["dripfeed"] is not Service.objects.get(pk=row["service"]).is_product

    def test_a_rate_is_for_a_thousand_whatever_is_sold(self, ask_panel, catalogue):
        rates = {row["service"]: Decimal(row["rate"]) for row in ask_panel("services")}
        for service in catalogue.values():
            assert rates[service.pk] == service.price * 1000 / service.unit
        assert {service.unit for service in catalogue.values()} == {1, 1000}

    def test_an_order_by_rate_costs_what_a_client_computes(self, ask_panel, add):
        order = add(7)
        rate = next(Decimal(row["rate"]) for row in ask_panel("services") if row["service"] == order.service_id)
        assert order.charge == rate * order.quantity / 1000

    def test_status_is_all_text(self, ask_panel, running):
        order = running()
        assert ask_panel("status", order=order.pk) == {
            "charge": plain(order.charge),
            "start_count": "0",
            "status": "In progress",
            "remains": str(order.quantity),
            "currency": "USD",
        }

    def test_several_orders_are_keyed_by_id(self, ask_panel, add):
        first, second = add(), add()
        answer = ask_panel("status", orders=f"{first.pk},{second.pk},999999")
        assert answer == {
            str(first.pk): ask_panel("status", order=first.pk),
            str(second.pk): ask_panel("status", order=second.pk),
            "999999": {"error": "Incorrect order ID"},
        }

    def test_a_list_of_numbers_in_json_will_do(self, secret, add):
        order = add()
        wish = {"key": secret, "action": "status", "orders": [order.pk, 999999]}
        answer = Client().post("/api/v2/panel", wish, content_type="application/json").json()
        assert set(answer) == {str(order.pk), "999999"}

    def test_a_strangers_order_does_not_exist(self, add, stranger, make_key):
        order = add(refill=True, cancel=True)
        ask = asker("/api/v2/panel", make_key(stranger))
        assert ask("status", orders=str(order.pk)) == {str(order.pk): {"error": "Incorrect order ID"}}
        for action in ("status", "refill", "cancel"):
            assert ask(action, order=order.pk) == {"error": "Incorrect order ID"}
        order.refresh_from_db()
        assert order.state == states.PLACED

    def test_empty_fields_of_other_types_are_no_other_type(self, ask_panel, catalogue, rich):
        service = catalogue[1]
        wish = {
            "service": service.pk,
            "quantity": service.min,
            "link": LINK,
            "runs": "",
            "interval": "0",
            "comments": "",
        }
        assert ask_panel("add", **wish) == {"order": Order.objects.get().pk}

    def test_the_idempotency_key_holds_in_both_dialects(self, ask, ask_panel, catalogue, rich):
        service = catalogue[1]
        wish = {"service": service.pk, "quantity": service.min, "link": LINK, "idempotency_key": "k"}
        assert ask_panel("add", **wish) == ask("add", **wish)
        assert Order.objects.count() == 1


class TestDripFeed:
    @pytest.fixture
    def drip(self, ask_panel, catalogue, rich):
        """`drip(runs=3)` begins one by program and returns the order that stands for it."""

        def drip(**more):
            service = catalogue[1]
            wish = {"service": service.pk, "quantity": service.min, "link": LINK, "runs": 3, "interval": 10}
            return Order.objects.get(pk=ask_panel("add", **wish | more)["order"])

        return drip

    def test_the_first_order_stands_for_all_runs(self, ask_panel, drip, now, sandbox):
        order = drip()
        plan = order.plan
        assert (plan.runs, plan.interval, order.run) == (3, 10, 1)
        submit.submit(order_id=order.pk)
        assert ask_panel("status", order=order.pk) == {
            "charge": plain(order.charge * 3),
            "start_count": "0",
            "status": "In progress",
            "remains": str(order.quantity * 3),
            "currency": "USD",
        }
        settle.settle(order_id=order.pk, verdict=ended(order.quantity, order.quantity), now=now)
        several = ask_panel("status", orders=str(order.pk))
        assert several[str(order.pk)] == ask_panel("status", order=order.pk)
        assert several[str(order.pk)]["remains"] == str(order.quantity * 2)
        assert several[str(order.pk)]["status"] == "In progress"

    def test_it_ends_in_the_words_of_an_order(self, ask_panel, drip, now, sandbox):
        order = drip(runs=2)
        submit.submit(order_id=order.pk)
        settle.settle(order_id=order.pk, verdict=ended(order.quantity, order.quantity), now=now)
        run.run_due(now=now + timedelta(minutes=11))
        second = order.plan.orders.get(run=2)
        assert ask_panel("status", order=order.pk)["status"] == "In progress"
        withdraw(order_id=second.pk, customer=order.customer, now=now)
        answer = ask_panel("status", order=order.pk)
        assert (answer["status"], answer["remains"]) == ("Partial", str(order.quantity))
        assert answer["charge"] == plain(order.charge)
        assert ask_panel("status", order=second.pk)["status"] == "Canceled"

    def test_a_cancel_stops_the_runs_to_come(self, ask_panel, drip, rich, sandbox):
        order = drip()
        submit.submit(order_id=order.pk)
        Service.objects.filter(pk=order.service_id).update(cancel=False)
        answer = ask_panel("cancel", orders=str(order.pk))
        request = Request.objects.get()
        assert answer == [{"order": order.pk, "cancel": request.pk}]
        order.plan.refresh_from_db()
        assert order.plan.state == "STOPPED"
        assert ledger.account_of(rich).held == order.charge
        assert ask_panel("cancel", order=order.pk) == {"cancel": request.pk}

    def test_one_that_has_not_begun_is_canceled_whole(self, ask_panel, drip, rich):
        order = drip()
        ask_panel("cancel", order=order.pk)
        assert ask_panel("status", order=order.pk)["status"] == "Canceled"
        assert ledger.account_of(rich).held == 0

    def test_the_same_key_again_is_the_same_one_and_another_wish_an_error(self, ask_panel, drip):
        assert drip(idempotency_key="k") == drip(idempotency_key="k")
        wish = {"service": Order.objects.get().service_id, "quantity": Order.objects.get().quantity, "link": LINK}
        for other in ({}, {"runs": 4, "interval": 10}):
            assert "idempotency key was used" in ask_panel("add", **wish, **other, idempotency_key="k")["error"]
        assert Order.objects.count() == 1

    def test_a_strangers_is_nobodys(self, drip, stranger, make_key):
        order = drip()
        ask = asker("/api/v2/panel", make_key(stranger))
        assert ask("cancel", order=order.pk) == {"error": "Incorrect order ID"}
        order.plan.refresh_from_db()
        assert order.plan.state == "ACTIVE"

    @pytest.mark.parametrize(
        ("more", "words"),
        [
            ({"runs": "x"}, "Runs must be a whole number"),
            ({"runs": "1"}, "Runs: Enter at least 2 runs, or when to start."),
            ({"runs": "5000"}, "Runs: From 1 to 1,000 runs."),
            ({"interval": "0"}, "Interval: From 1 to 10,080 minutes."),
        ],
    )
    def test_what_makes_no_sense_is_said(self, ask_panel, catalogue, rich, more, words):
        service = catalogue[1]
        wish = {"service": service.pk, "quantity": service.min, "link": LINK, "runs": "3", "interval": "10"}
        assert ask_panel("add", **wish | more) == {"error": words}
        assert not Order.objects.exists()

    def test_a_hundred_of_them_cost_as_many_queries_as_one(self, ask_panel, drip, django_assert_max_num_queries):
        orders = [drip() for _ in range(12)]
        with django_assert_max_num_queries(8):
            assert len(ask_panel("status", orders=",".join(str(order.pk) for order in orders))) == 12


class TestCancel:
    def test_what_has_not_gone_out_is_canceled_at_once(self, ask_panel, add, rich, sandbox):
        order = add(cancel=False)
        answer = ask_panel("cancel", orders=str(order.pk))
        request = Request.objects.get()
        assert answer == [{"order": order.pk, "cancel": request.pk}]
        assert request.state == Request.State.DONE
        order.refresh_from_db()
        assert (order.state, order.reason) == (states.CANCELED, "WITHDRAWN")
        assert ledger.account_of(rich).held == 0
        assert submit.submit(order_id=order.pk) is None
        assert sandbox.vendor.purchases == []
        assert ask_panel("status", order=order.pk)["status"] == "Canceled"
        assert order.events.last().kind == OrderEvent.Kind.CANCELED

    def test_again_it_is_the_same_request(self, ask_panel, add):
        order = add()
        assert ask_panel("cancel", order=order.pk) == ask_panel("cancel", order=order.pk)
        assert Request.objects.count() == 1

    def test_one_under_way_becomes_an_operators_request(self, ask_panel, running, rich):
        order = running(cancel=True)
        answer = ask_panel("cancel", order=order.pk)
        request = Request.objects.get()
        assert answer == {"cancel": request.pk}
        assert (request.state, request.kind) == ("OPEN", "CANCEL")
        order.refresh_from_db()
        assert order.state == states.RUNNING
        assert ledger.account_of(rich).held == order.charge
        assert Alert.objects.filter(key=f"request:{request.pk}", resolved_at=None).exists()
        assert ask_panel("cancel", order=order.pk) == answer

    @pytest.mark.parametrize("how", ["service", "ended"])
    def test_what_can_not_be_canceled_says_so(self, ask_panel, running, delivered, how):
        order = running(cancel=False) if how == "service" else delivered(cancel=True)
        assert ask_panel("cancel", orders=f"{order.pk},x,999999") == [
            {"order": order.pk, "cancel": {"error": "Order not eligible for cancel."}},
            {"order": "x", "cancel": {"error": "Incorrect order ID"}},
            {"order": 999999, "cancel": {"error": "Incorrect order ID"}},
        ]
        assert not Request.objects.exists()

    def test_after_a_refusal_it_may_be_asked_again(self, ask_panel, running, operator, now):
        order = running(cancel=True)
        first = ask_panel("cancel", order=order.pk)
        decide.refuse(request_id=first["cancel"], operator=operator, reason="too late", now=now)
        assert ask_panel("cancel", order=order.pk) != first

    def test_what_was_claimed_is_not_taken_back(self, add, rich, now):
        order = add()
        forwarding._claim(submit.DESK, order.pk)
        assert withdraw(order_id=order.pk, customer=rich, now=now) is False
        assert ledger.account_of(rich).held == order.charge


class TestRefill:
    def test_a_delivered_order_gets_a_request(self, ask_panel, delivered, operator, now):
        order = delivered(refill=True)
        answer = ask_panel("refill", order=order.pk)
        request = Request.objects.get()
        assert answer == {"refill": str(request.pk)}
        assert ask_panel("refill_status", refill=request.pk) == {"status": "Pending"}
        assert ask_panel("refill", order=order.pk) == answer
        decide.done(request_id=request.pk, operator=operator, reason="refilled", now=now)
        assert ask_panel("refill_status", refill=request.pk) == {"status": "Completed"}
        assert not Alert.objects.filter(key=f"request:{request.pk}", resolved_at=None).exists()

    def test_several_are_a_list(self, ask_panel, delivered, operator, now):
        order, other = delivered(refill=True), delivered(refill=True)
        answer = ask_panel("refill", orders=f"{order.pk},999999,{other.pk}")
        first, second = Request.objects.order_by("pk")
        assert answer == [
            {"order": order.pk, "refill": first.pk},
            {"order": 999999, "refill": {"error": "Incorrect order ID"}},
            {"order": other.pk, "refill": second.pk},
        ]
        decide.refuse(request_id=first.pk, operator=operator, reason="nothing fell", now=now)
        assert ask_panel("refill_status", refills=f"{first.pk},{second.pk},999999") == [
            {"refill": first.pk, "status": "Rejected"},
            {"refill": second.pk, "status": "Pending"},
            {"refill": 999999, "status": {"error": "Refill not found"}},
        ]

    @pytest.mark.parametrize("how", ["service", "running"])
    def test_what_can_not_be_refilled_says_so(self, ask_panel, running, delivered, how):
        order = delivered(refill=False) if how == "service" else running(refill=True)
        assert ask_panel("refill", order=order.pk) == {"error": "Order not eligible for refill."}

    def test_a_cancel_or_a_strangers_refill_is_no_refill_of_mine(self, ask_panel, delivered, add, stranger, make_key):
        ask_panel("cancel", order=add().pk)
        assert ask_panel("refill_status", refill=Request.objects.get().pk) == {"error": "Refill not found"}
        mine = ask_panel("refill", order=delivered(refill=True).pk)["refill"]
        theirs = asker("/api/v2/panel", make_key(stranger))
        assert theirs("refill_status", refill=mine) == {"error": "Refill not found"}


class TestOperator:
    def test_the_list_and_its_acts_close_a_request(self, running, ask_panel, operator):
        order = running(cancel=True)
        request_id = ask_panel("cancel", order=order.pk)["cancel"]
        desk = Client()
        desk.force_login(operator)
        assert f"Order {order.pk}" in desk.get("/admin/desk/request/").content.decode()
        page = f"/admin/desk/request/{request_id}/"
        assert desk.get(f"{page}change/").status_code == 200
        assert "No money moves" in desk.get(f"{page}done/").content.decode()
        assert desk.post(f"{page}done/", {"reason": "stopped"}).status_code == 302
        request = Request.objects.get()
        assert (request.state, request.actor, request.note) == ("DONE", operator, "stopped")

    def test_a_closed_request_stays_closed(self, running, rich, operator, now):
        request = wishes.cancel(order_id=running(cancel=True).pk, customer=rich, now=now)
        decide.refuse(request_id=request.pk, operator=operator, reason="no", now=now)
        with pytest.raises(decide.CantDecide):
            decide.done(request_id=request.pk, operator=operator, reason="yes", now=now)
