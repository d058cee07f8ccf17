"""What the audit of orders finds when somebody has been at the tables."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from core.money import MICRO
from orders import audit, refund, resolve, settle, states, submit
from orders.models import DeliveredItem, Order, Plan
from orders.plans import begin
from orders.verdict import Verdict
from wallet import ledger
from wallet.models import Hold

pytestmark = pytest.mark.django_db

PRODUCT = 8


@pytest.fixture
def product(placed):
    """A product order of 4, running, with nothing delivered yet."""
    order = placed(PRODUCT, quantity=4)
    assert submit.submit(order_id=order.pk) == states.RUNNING
    order.refresh_from_db()
    assert order.is_product
    return order


def deliver(order, count, now):
    for position in range(1, count + 1):
        DeliveredItem.objects.create(order=order, position=position, text=f"item {position}", delivered_at=now)


def end(order, delivered, now):
    state = states.COMPLETED if delivered == order.quantity else states.PARTIAL
    return settle.settle(order_id=order.pk, verdict=Verdict(state, delivered), now=now)


@pytest.mark.parametrize("delivered", [4, 3])
def test_goods_that_are_there_are_no_problem(product, now, delivered):
    deliver(product, delivered, now)
    end(product, delivered, now)
    assert list(audit.problems()) == []


@pytest.mark.parametrize(("delivered", "kept"), [(4, 3), (3, 2), (4, 0)])
def test_goods_that_were_paid_for_and_are_not_there_are_found(product, now, delivered, kept):
    deliver(product, kept, now)
    end(product, delivered, now)
    (problem,) = audit.problems()
    assert problem == f"order {product.pk} delivered {delivered} items, but {kept} are there"


def test_an_operator_may_have_delivered_otherwise(product, operator, now):
    resolve.finish(order_id=product.pk, delivered=4, operator=operator, reason="sent by mail", now=now)
    assert list(audit.problems()) == []


def test_another_act_of_an_operator_excuses_nothing(product, operator, now):
    end(product, 4, now)
    product.refresh_from_db()
    refund.refund(
        order_id=product.pk, amount=product.charge / 4, key="r", operator=operator, reason="sorry", now=timezone.now()
    )
    assert len(list(audit.problems())) == 1


def test_a_service_has_no_goods(placed, now):
    order = placed(1)
    assert submit.submit(order_id=order.pk) == states.RUNNING
    end(order, order.quantity, now)
    assert list(audit.problems()) == []


def test_an_order_whose_hold_was_let_go_is_found(placed, now):
    order = placed(1)
    ledger.release(hold=order.hold, now=now)
    assert list(audit.problems()) == [f"order {order.pk} is PLACED, but its hold is RELEASED"]


@pytest.mark.parametrize("end_as", ["PAID", "UNPAID"])
def test_an_order_that_ended_with_its_hold_open_is_found(placed, now, end_as):
    order = placed(1)
    assert submit.submit(order_id=order.pk) == states.RUNNING
    end(order, order.quantity if end_as == "PAID" else 0, now)
    order.refresh_from_db()
    other = ledger.hold(account=order.hold.account, amount=order.charge, key="another", now=now)
    Order.objects.filter(pk=order.pk).update(hold=other)
    assert f"order {order.pk} is {order.state}, but its hold is OPEN" in list(audit.problems())


def test_a_charge_that_is_not_what_was_set_aside_is_found(placed):
    order = placed(1)
    Order.objects.filter(pk=order.pk).update(charge=order.charge + 1)
    (problem,) = audit.problems()
    assert problem.startswith(f"order {order.pk} charges ")


def test_an_order_that_somebody_else_pays_is_found(placed, stranger):
    order = placed(1)
    Order.objects.filter(pk=order.pk).update(customer=stranger)
    assert list(audit.problems()) == [f"order {order.pk} is paid from another customer's account"]


def test_a_capture_of_another_share_than_was_delivered_is_found(placed, now):
    order = placed(1)
    assert submit.submit(order_id=order.pk) == states.RUNNING
    end(order, order.quantity, now)
    Hold.objects.filter(pk=order.hold_id).update(captured=order.charge - MICRO)
    (problem,) = audit.problems()
    assert problem.startswith(f"order {order.pk} delivered {order.quantity}, worth {order.charge}")


def test_a_hold_of_no_order_and_of_no_plan_is_found(rich, now):
    for key in ("order:999:hold", "plan:999:hold", "credit:999"):
        ledger.hold(account=ledger.account_of(rich), amount=MICRO, key=key, now=now)
    assert list(audit.problems()) == [
        "hold plan:999:hold belongs to no plan",
        "hold order:999:hold belongs to no order",
    ]


class TestPlans:
    @pytest.fixture
    def plan(self, catalogue, rich, now):
        """Three runs, none of them placed."""
        service = catalogue[1]
        plan = begin.plan(
            customer=rich,
            service_id=service.pk,
            quantity=service.min,
            link="https://instagram.com/name",
            runs=3,
            interval=5,
            start_at=now + timedelta(hours=1),
            now=now,
        )
        assert list(audit.problems()) == []
        return plan

    def test_a_hold_that_does_not_cover_what_is_left_is_found(self, plan):
        Hold.objects.filter(pk=plan.hold_id).update(amount=plan.charge * 2)
        (problem,) = audit.problems()
        assert re.match(rf"plan {plan.pk} has 3 runs of {plan.charge}0* left, but its hold is OPEN", problem)

    def test_a_hold_that_is_open_after_the_end_is_found(self, plan, now):
        ended = Plan.State.STOPPED
        Plan.objects.filter(pk=plan.pk).update(state=ended, finished_at=now, next_run_at=None)
        assert list(audit.problems()) == [f"plan {plan.pk} is {ended}, but its hold is OPEN"]

    def test_a_plan_that_somebody_else_pays_is_found(self, plan, stranger):
        Plan.objects.filter(pk=plan.pk).update(customer=stranger)
        assert list(audit.problems()) == [f"plan {plan.pk} is paid from another customer's account"]

    def test_a_run_without_its_order_is_found(self, plan):
        Plan.objects.filter(pk=plan.pk).update(placed=1)
        Hold.objects.filter(pk=plan.hold_id).update(amount=plan.charge * 2)
        assert list(audit.problems()) == [f"plan {plan.pk} placed 1 runs, but has 0 orders"]
