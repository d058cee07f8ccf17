"""What the audit of orders finds when somebody has been at the tables."""

import pytest
from django.utils import timezone

from orders import audit, refund, resolve, settle, states, submit
from orders.models import DeliveredItem
from orders.verdict import Verdict

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
