"""Orders in every state for help with them, and clients of each role."""

from datetime import timedelta

import pytest
from django.test import Client

from catalog.models import Category
from desk import ask
from orders.models import DeliveredItem, Order
from tests.admin.conftest import HOSTILE, make, product, service

__all__ = ["HOSTILE", "make", "product", "service"]


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def _reachable_broker(broker):
    """Placing an order nudges a worker through it."""


@pytest.fixture
def me(customer):
    """The customer's browser."""
    return client_of(customer)


@pytest.fixture
def them(stranger):
    """Another customer's browser."""
    return client_of(stranger)


@pytest.fixture
def desk(operator):
    """The operator's browser."""
    return client_of(operator)


@pytest.fixture
def goods(make, product, now):
    """A delivered order of three items, under a warranty of seven days."""
    Category.objects.update(warranty_days=7)
    order = make.ended(service=product, quantity=3)
    for position in (1, 2, 3):
        DeliveredItem.objects.create(order=order, position=position, text=f"item-{position}", delivered_at=now)
    order.refresh_from_db()
    return order


@pytest.fixture
def asked(goods, customer, now):
    """A request for other items in place of the first and the third."""
    return ask.replacement(order_id=goods.pk, customer=customer, positions=[1, 3], text="both are bad", now=now)


def aged(order, **by):
    """The order as if it had ended so long ago."""
    past = timedelta(**by)
    Order.objects.filter(pk=order.pk).update(
        finished_at=order.finished_at and order.finished_at - past,
        accepted_at=order.accepted_at and order.accepted_at - past,
        placed_at=order.placed_at - past,
    )
    order.refresh_from_db()
    return order
