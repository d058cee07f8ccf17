"""Many requests at once over HTTP, against real processes: tabs of one customer, and more wishes than money."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import requests
from django.utils import timezone

from catalog.models import Service
from catalog.sync import sync_catalog
from catalog.terms import Terms, quote_for
from orders.models import Order
from reseller.books import audit
from sms.models import Project, Purchase
from sms.sync import sync_sms
from tests.conftest import PASSWORD
from tests.faults.storm.customers import Customer, _hidden
from tests.still import sandbox
from wallet import ledger

__all__ = ["sandbox"]

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


class Tab(Customer):
    """A browser tab: it opens a form, and sends it when told to."""

    def open(self, path):
        self.page = self._url + path
        answer = self._browser.get(self.page, timeout=20)
        assert answer.status_code == 200
        return _hidden(answer.text)

    def twin(self):
        """The same page in another tab of the same browser."""
        other = Tab(url=self._url, email=self.email, password=PASSWORD, items={})
        other._browser, other.page = self._browser, self.page
        return other

    def send(self, fields):
        answer = requests.post(
            self.page, data=fields, cookies=self._browser.cookies.get_dict(), timeout=30, allow_redirects=False
        )
        return answer.status_code


@pytest.fixture
def tab(shop):
    """`tab(user)` is a tab of that customer's, logged in."""
    sync_catalog()
    sync_sms()

    def tab(user):
        opened = Tab(url=shop.url, email=user.email, password=PASSWORD, items={})
        opened.log_in()
        return opened

    return tab


def at_once(sends):
    """Do all of them at the same moment; their status codes."""
    start = threading.Barrier(len(sends))

    def send(one):
        start.wait()
        return one()

    with ThreadPoolExecutor(len(sends)) as pool:
        return list(pool.map(send, sends))


def an_order(tab, *, amount):
    """A filled-in form for an order that costs `amount` USD or a little less."""
    service = Service.objects.get(upstream_id=1)
    quantity = int(amount / service.price * service.unit)
    fields = tab.open(f"/services/{service.pk}/")
    return fields | {"link": "https://instagram.com/name", "quantity": str(quantity)}


def test_two_tabs_that_send_one_form_ten_times_at_once_place_one_order(tab, customer):
    first = tab(customer)
    fields = an_order(first, amount=Decimal(1))
    second = first.twin()
    told = at_once([lambda one=one: one.send(fields) for one in (first, second) * 5])
    assert told == [302] * 10
    order = Order.objects.get()
    assert ledger.account_of(customer).held in (order.charge, Decimal(0))
    assert audit().problems == []


def test_two_tabs_that_send_one_form_for_numbers_ten_times_at_once_make_one_purchase(tab, customer, sandbox):
    project = Project.objects.get(upstream_id=sandbox.vendor.projects_that("code", country="us")[0])
    first = tab(customer)
    fields = first.open(f"/numbers/project/{project.pk}/") | {"quantity": "2", "phone": ""}
    second = first.twin()
    told = at_once([lambda one=one: one.send(fields) for one in (first, second) * 5])
    assert told == [302] * 10
    assert Purchase.objects.get().slots.count() == 2
    assert audit().problems == []


def test_fifty_forms_at_once_against_money_for_twenty_are_twenty_orders(tab, stranger):
    one = tab(stranger)
    price = an_order_charge(one)
    ledger.adjust(
        account=ledger.account_of(stranger), amount=price * 20, key="twenty", memo="twenty", now=timezone.now()
    )
    forms = [an_order(one, amount=Decimal(1)) for _ in range(50)]
    told = at_once([lambda fields=fields: one.send(fields) for fields in forms])
    assert sorted(told) == [302] * 20 + [422] * 30
    assert Order.objects.count() == 20
    assert sum(order.charge for order in Order.objects.all()) == price * 20
    assert audit().problems == []


def an_order_charge(tab):
    """What one of those orders is charged."""
    service = Service.objects.get(upstream_id=1)
    return quote_for(service, int(an_order(tab, amount=Decimal(1))["quantity"]), Terms()).charge
