"""Many at once: the same form from several tabs, and more purchases than there is money for."""

import threading
from decimal import Decimal

import pytest
from django.db import connections
from django.utils import timezone

from catalog.models import Category, Service
from orders import place
from orders.models import Order
from reseller.books import audit
from sms import buy as sms_buy
from sms.models import Country, Project, Purchase, Site
from wallet import ledger

pytestmark = pytest.mark.django_db(transaction=True)

LINK = "https://instagram.com/name"


@pytest.fixture
def service():
    """One that costs exactly 1 USD a piece."""
    now = timezone.now()
    return Service.objects.create(
        upstream_id=1,
        name="Followers",
        entity=Service.Entity.SMM,
        category=Category.objects.create(name="Instagram"),
        rate=Decimal(500),
        price=Decimal(1000),
        unit=1000,
        min=1,
        max=100,
        search_text="followers",
        first_seen_at=now,
        changed_at=now,
    )


def at_once(act, times):
    """Run `act(n)` in `times` threads that start together; what each returned or raised."""
    start = threading.Barrier(times)
    results = [None] * times

    def run(n):
        start.wait()
        try:
            results[n] = act(n)
        except Exception as error:
            results[n] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def buy(customer, service, form_key=""):
    return place.order(
        customer=customer, service_id=service.pk, quantity=1, link=LINK, form_key=form_key, now=timezone.now()
    )


def test_ten_times_the_same_form_at_once_is_one_order(customer, service):
    results = at_once(lambda _n: buy(customer, service, form_key="one"), 10)
    assert {type(result) for result in results} == {Order}
    assert len({result.pk for result in results}) == 1
    assert Order.objects.count() == 1
    assert ledger.account_of(customer).held == Decimal(1)
    assert audit().problems == []


def test_fifty_purchases_at_once_against_money_for_twenty_are_twenty(stranger, service):
    ledger.adjust(account=ledger.account_of(stranger), amount=Decimal(20), key="twenty", memo="m", now=timezone.now())
    results = at_once(lambda _n: buy(stranger, service), 50)
    placed = [result for result in results if isinstance(result, Order)]
    refused = [result for result in results if isinstance(result, ledger.InsufficientFunds)]
    assert (len(placed), len(refused)) == (20, 30), [r for r in results if r not in placed + refused]
    account = ledger.account_of(stranger)
    assert (account.balance, account.held) == (Decimal(20), Decimal(20))
    assert audit().problems == []


@pytest.fixture
def project():
    """Numbers at exactly 1 USD each."""
    return Project.objects.create(
        upstream_id="p",
        site=Site.objects.create(name="Site", folded="site"),
        country=Country.objects.create(code="us", name="United States"),
        cost=Decimal("0.5"),
        price=Decimal(1),
        changed_at=timezone.now(),
    )


def buy_numbers(customer, project, form_key="", quantity=1):
    return sms_buy.numbers(
        customer=customer, project_id=project.pk, quantity=quantity, form_key=form_key, now=timezone.now()
    )


def test_ten_times_the_same_form_for_numbers_at_once_is_one_purchase(customer, project):
    results = at_once(lambda _n: buy_numbers(customer, project, form_key="one", quantity=3), 10)
    assert {type(result) for result in results} == {Purchase}
    assert len({result.pk for result in results}) == 1
    assert ledger.account_of(customer).held == Decimal(3)
    assert audit().problems == []


def test_fifty_purchases_of_numbers_at_once_against_money_for_twenty_are_twenty(stranger, project):
    ledger.adjust(account=ledger.account_of(stranger), amount=Decimal(20), key="twenty", memo="m", now=timezone.now())
    results = at_once(lambda _n: buy_numbers(stranger, project), 50)
    assert sum(isinstance(result, Purchase) for result in results) == 20
    assert sum(isinstance(result, ledger.InsufficientFunds) for result in results) == 30
    account = ledger.account_of(stranger)
    assert (account.balance, account.held) == (Decimal(20), Decimal(20))
    assert audit().problems == []


def test_one_hold_captured_by_many_at_once_is_paid_once(customer, service):
    hold = buy(customer, service).hold

    def capture(n):
        return ledger.capture(hold=hold, amount=Decimal(1), key=f"capture:{n}", now=timezone.now())

    results = at_once(capture, 8)
    assert sum(isinstance(result, ledger.HoldClosed) for result in results) == 7
    assert ledger.account_of(customer).balance == Decimal(49)


def test_one_key_credited_by_many_at_once_credits_once(customer):
    account = ledger.account_of(customer)
    results = at_once(
        lambda _n: ledger.deposit(account=account, amount=Decimal(5), key="payment", now=timezone.now()), 8
    )
    assert len({result.pk for result in results}) == 1
    assert ledger.account_of(customer).balance == Decimal(55)
    assert audit().problems == []


def test_one_order_is_claimed_by_one_of_many_workers(customer, service):
    from orders.submit import DESK
    from upstream import forwarding

    order = buy(customer, service)
    results = at_once(lambda _n: forwarding._claim(DESK, order.pk), 8)
    claimed = [result for result in results if result is not None]
    assert len(claimed) == 1
    assert isinstance(claimed[0], tuple)
