"""An account is deleted while its customer buys: the purchase waits and finds no money, neither ends as a deadlock."""

import threading
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone

from api import once
from orders import place
from orders.models import Order
from privacy import delete
from privacy.models import Deletion
from reseller.books import audit
from sms.models import Purchase
from wallet import ledger

pytestmark = pytest.mark.django_db(transaction=True)


def while_deleted(person, act):
    """`act` begins once the deletion has the money's row, and before it goes on."""
    locked, said = threading.Event(), []

    def deletes():
        try:
            with transaction.atomic():
                ledger.locked(ledger.account_of(person))
                locked.set()
                time.sleep(0.5)
                delete.account(user=person, gives_up_balance=True, now=timezone.now())
        except Exception as error:
            said.append(error)
        finally:
            connection.close()

    deleting = threading.Thread(target=deletes)
    deleting.start()
    locked.wait(5)
    try:
        with pytest.raises(ledger.InsufficientFunds):
            act()
    finally:
        deleting.join()
    assert said == []
    assert Deletion.objects.get().customer == person
    assert audit().problems == []


def test_an_order_by_a_program_with_a_key(rich, catalogue, now):
    service = next(each for each in catalogue.values() if not each.is_product)
    wish = {"customer": rich, "service_id": service.pk, "quantity": service.min, "link": "https://instagram.com/name"}

    def act():
        once.surely(
            buy=lambda: place.order(**wish, form_key="k", now=now),
            find=lambda: Order.objects.filter(customer=rich, form_key="k").first(),
            customer=rich,
            elsewhere=Purchase.objects.filter(customer=rich, form_key="k"),
        )

    while_deleted(rich, act)
