"""A plan is canceled while one of its orders ends: the two lock in one order, so neither ends as a deadlock."""

import threading
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone

from desk import cancel
from orders import states
from orders.models import Order, Plan
from orders.plans import begin
from reseller.books import audit
from tests.orders.conftest import catalogue, rich, sandbox
from wallet import ledger

__all__ = ["catalogue", "rich", "sandbox"]
pytestmark = pytest.mark.django_db(transaction=True)


def test_whoever_holds_an_order_gets_its_money(catalogue, rich, now):
    service = next(each for each in catalogue.values() if not each.is_product)
    wish = {"customer": rich, "service_id": service.pk, "quantity": service.min, "link": "https://instagram.com/name"}
    plan = begin.plan(**wish, runs=3, interval=10, now=now)
    order = plan.orders.get()
    locked, said = threading.Event(), []

    def ends():
        try:
            with transaction.atomic():
                held = Order.objects.select_for_update().get(pk=order.pk)
                locked.set()
                time.sleep(0.5)
                ledger.locked(held.hold.account)
        except Exception as error:
            said.append(error)
        finally:
            connection.close()

    ending = threading.Thread(target=ends)
    ending.start()
    locked.wait(5)
    try:
        cancel.cancel(order_id=order.pk, customer=rich, now=timezone.now())
    finally:
        ending.join()

    assert said == []
    plan.refresh_from_db()
    order.refresh_from_db()
    assert (plan.state, order.state) == (Plan.State.STOPPED, states.CANCELED)
    assert ledger.account_of(rich).held == 0
    assert audit().problems == []
