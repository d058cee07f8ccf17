"""`kill -9` of the worker at any moment: no order is lost, and the vendor's own journal shows none twice."""

import contextlib
import functools
import random
import time
from collections import Counter
from decimal import Decimal

import pytest
from django.utils import timezone

from catalog.models import Service
from catalog.sync import sync_catalog
from orders import place, states
from orders.models import Order
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
    sandbox.fault("hang", action="add_sms", rate=0.7, seconds=0.4, when="after")

    for _round in range(4):
        # Some of them are on their way when the worker dies, and some are not.
        sent_before_the_kill = _sent(sandbox) + chance.randint(1, 6)
        for service in services * 2:
            with contextlib.suppress(place.CantPlace):
                place.order(
                    customer=customer,
                    service_id=service.pk,
                    quantity=service.min,
                    link="https://instagram.com/name",
                    now=timezone.now(),
                )
        buy.numbers(customer=customer, project_id=project.pk, quantity=10, now=timezone.now())
        shop.wait_until(functools.partial(_have_gone, sandbox, sent_before_the_kill), "purchases on their way")
        time.sleep(chance.uniform(0, 0.3))
        shop.kill_worker()
        shop.start_worker()

    placed = Order.objects.count()
    assert placed >= 24
    # Where a worker died while sending, its lease has to run out first.
    shop.wait_until(_settled, "every order ended or uncertain", seconds=120)

    caught = Order.objects.filter(state=states.UNCERTAIN).count()
    caught += Purchase.objects.filter(state=sms_states.UNCERTAIN).count()
    assert caught, "no kill caught a worker in the middle: this run proved nothing"
    bought = Counter(entry.order for entry in sandbox.vendor.purchases)
    assert max(bought.values()) == 1
    ours = list(Order.objects.exclude(upstream_id=None).values_list("upstream_id", flat=True))
    ours += list(Number.objects.values_list("upstream_id", flat=True))
    assert len(ours) == len(set(ours))
    assert set(ours) <= set(bought)
    # What the vendor has and we don't know the number of stands as UNCERTAIN, with its money on hold.
    unknown = len(set(bought) - set(ours))
    doubts = Order.objects.filter(state=states.UNCERTAIN).count()
    doubted_numbers = 10 * Purchase.objects.filter(state=sms_states.UNCERTAIN).count()
    assert unknown <= doubts + doubted_numbers
    assert shop.manage("audit_books")["problems"] == []
    held = sum((order.charge for order in Order.objects.filter(state=states.UNCERTAIN)), Decimal(0))
    held += sum((p.total for p in Purchase.objects.filter(state=sms_states.UNCERTAIN)), Decimal(0))
    live = Number.objects.filter(state=sms_states.WAITING).select_related("slot__hold")
    held += sum((number.slot.hold.amount for number in live), Decimal(0))
    assert ledger.account_of(customer).held == held


def _sent(sandbox: Sandbox) -> int:
    return sandbox.received["add"] + sandbox.received["add_sms"]


def _have_gone(sandbox: Sandbox, sent: int) -> bool:
    return _sent(sandbox) >= sent


def _settled() -> bool:
    open_orders = Order.objects.exclude(state__in=[*states.FINISHED, states.UNCERTAIN]).exists()
    purchases = [sms_states.PLACED, sms_states.SUBMITTING]
    return not open_orders and not Purchase.objects.filter(state__in=purchases).exists()
