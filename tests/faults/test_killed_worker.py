"""`kill -9` of the worker at any moment: no order is lost, and the vendor's own journal shows none twice."""

import contextlib
import functools
import itertools
import random
import time
from collections import Counter, defaultdict
from decimal import Decimal

import pytest
from django.utils import timezone

from catalog.models import Service
from catalog.sync import sync_catalog
from orders import place, states
from orders.models import Order
from orders.submit import outgoing_link
from sms import buy
from sms import states as sms_states
from sms.models import Number, Project, Purchase
from sms.sync import sync_sms
from upstream.sandbox.server import Sandbox
from wallet import ledger

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# The seed is printed with a failure: the same one kills at the same moments.
SEED = 20261124


@pytest.fixture
def sandbox(settings, broker, monkeypatch):
    """A vendor whose time runs fast, and who is slow enough to be caught in the middle."""
    monkeypatch.setenv("UPSTREAM_TIMEOUT", "2")  # for the processes of the shop: a lost lease ends soon
    with Sandbox(key="test-key", speed=40, services=40, seed=SEED) as vendor:
        settings.UPSTREAM_URL = vendor.url
        settings.UPSTREAM_KEY = "test-key"
        yield vendor


def test_a_worker_killed_again_and_again_loses_nothing_and_buys_nothing_twice(shop, sandbox, customer):
    chance = random.Random(SEED)
    now = timezone.now()
    ledger.adjust(account=ledger.account_of(customer), amount=Decimal(5000), key="rich", memo="rich", now=now)
    sync_catalog()
    sync_sms()
    services = list(Service.objects.filter(upstream_id__in=[1, 3, 4, 7]))
    project = Project.objects.get(upstream_id=sandbox.vendor.projects_that("code", country="us")[0])
    sandbox.fault("hang", action="add", rate=0.5, seconds=0.4, when="after")
    sandbox.fault("hang", action="add", rate=0.3, seconds=0.3, when="before")
    sandbox.fault("hang", action="add_sms", seconds=0.8, when="after")

    # The vendor's journal names neither our order nor our purchase. What we can know them by again: each order
    # has a link of its own (a product's is its reference), each purchase asks for another number of numbers.
    links = (f"https://instagram.com/p/{number}" for number in itertools.count(1))
    quantities = iter(chance.sample(range(1, 11), k=8))
    for round_ in range(4):
        # Some of them are on their way when the worker dies, and some are not.
        orders_before_the_kill = sandbox.received["add"] + chance.randint(1, 6)
        numbers_before_the_kill = sandbox.received["add_sms"] + 1
        for service in services * 2:
            with contextlib.suppress(place.CantPlace):
                place.order(
                    customer=customer,
                    service_id=service.pk,
                    quantity=service.min,
                    link=next(links),
                    now=timezone.now(),
                )
        for quantity in itertools.islice(quantities, 2):
            buy.numbers(customer=customer, project_id=project.pk, quantity=quantity, now=timezone.now())
        if round_ % 2:
            shop.wait_until(
                functools.partial(_have_gone, sandbox, "add", orders_before_the_kill), "orders on their way"
            )
            time.sleep(chance.uniform(0, 0.3))
        else:
            # The answer to it takes its time, so this one is caught.
            shop.wait_until(functools.partial(_have_gone, sandbox, "add_sms", numbers_before_the_kill), "numbers asked")
        shop.kill_worker()
        shop.start_worker()

    assert Order.objects.count() >= 24
    assert Purchase.objects.count() == 8
    # Where a worker died while sending, its lease has to run out first.
    shop.wait_until(_settled, "every order ended or uncertain", seconds=120)

    doubts = Order.objects.filter(state=states.UNCERTAIN)
    doubted = Purchase.objects.filter(state=sms_states.UNCERTAIN)
    assert doubts.count() + doubted.count(), "no kill caught a worker in the middle: this run proved nothing"
    assert doubted.exists(), "no kill caught a purchase of numbers in the middle"
    _assert_no_order_bought_twice(sandbox)
    _assert_no_purchase_of_numbers_bought_twice(sandbox)
    _assert_all_that_was_bought_is_known_or_in_doubt(sandbox)
    assert shop.manage("audit_books")["problems"] == []
    held = sum((order.charge for order in doubts), Decimal(0))
    held += sum((purchase.total for purchase in doubted), Decimal(0))
    live = Number.objects.filter(state=sms_states.WAITING).select_related("slot__hold")
    held += sum((number.slot.hold.amount for number in live), Decimal(0))
    assert ledger.account_of(customer).held == held


def _assert_no_order_bought_twice(sandbox: Sandbox) -> None:
    journal = [entry for entry in sandbox.vendor.purchases if entry.action == "add"]
    times = Counter(entry.link for entry in journal)
    twice = {link: count for link, count in times.items() if count > 1}
    assert not twice, f"bought more than once: {twice}"
    ours = {outgoing_link(order): order for order in Order.objects.all()}
    assert len(ours) == Order.objects.count()
    assert set(times) <= set(ours)
    for entry in journal:
        order = ours[entry.link]
        assert (entry.item, entry.quantity) == (order.service.upstream_id, order.quantity)
        assert order.upstream_id in (None, entry.order)
        assert order.upstream_id is not None or order.state == states.UNCERTAIN


def _assert_no_purchase_of_numbers_bought_twice(sandbox: Sandbox) -> None:
    # One accepted request is as many entries of the journal as it gave numbers.
    requests = defaultdict(list)
    for entry in sandbox.vendor.purchases:
        if entry.action == "add_sms":
            requests[entry.sequence].append(entry.order)
    ours = {purchase.quantity: purchase for purchase in Purchase.objects.all()}
    assert len(ours) == Purchase.objects.count()
    given = Counter(len(numbers) for numbers in requests.values())
    twice = {quantity: count for quantity, count in given.items() if count > 1}
    assert not twice, f"accepted more than once, by how many numbers it was for: {twice}"
    assert set(given) <= set(ours)
    assert sum(len(numbers) for numbers in requests.values()) <= sum(ours)
    for numbers in requests.values():
        purchase = ours[len(numbers)]
        known = set(purchase.numbers.values_list("upstream_id", flat=True))
        assert known == set(numbers) or (not known and purchase.state == sms_states.UNCERTAIN)


def _assert_all_that_was_bought_is_known_or_in_doubt(sandbox: Sandbox) -> None:
    ours = list(Order.objects.exclude(upstream_id=None).values_list("upstream_id", flat=True))
    ours += list(Number.objects.values_list("upstream_id", flat=True))
    assert len(ours) == len(set(ours))
    bought = {entry.order for entry in sandbox.vendor.purchases}
    assert set(ours) <= bought
    doubted = Purchase.objects.filter(state=sms_states.UNCERTAIN)
    most = Order.objects.filter(state=states.UNCERTAIN).count() + sum(purchase.quantity for purchase in doubted)
    assert len(bought - set(ours)) <= most


def _have_gone(sandbox: Sandbox, action: str, sent: int) -> bool:
    return sandbox.received[action] >= sent


def _settled() -> bool:
    open_orders = Order.objects.exclude(state__in=[*states.FINISHED, states.UNCERTAIN]).exists()
    purchases = [sms_states.PLACED, sms_states.SUBMITTING]
    return not open_orders and not Purchase.objects.filter(state__in=purchases).exists()
