"""Lost answers in a whole shop: what was not charged goes out again by itself, what was charged waits for a person."""

from decimal import Decimal

import pytest
from django.utils import timezone

from catalog.models import Service
from catalog.sync import sync_catalog
from orders import place, states
from orders.models import Order
from upstream.evidence import Finding
from upstream.models import BalanceReading
from upstream.sandbox.server import Sandbox
from wallet import ledger

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# Beat weighs doubts every 30 seconds, and a reading is needed after the call.
PATIENCE = 120


@pytest.fixture
def sandbox(settings, broker, monkeypatch):
    """A vendor whose time runs fast, with a balance that shows its finest digits."""
    monkeypatch.setenv("UPSTREAM_EVIDENCE_WAIT", "3")
    with Sandbox(key="test-key", speed=40, services=40, balance=Decimal("1000.0101")) as vendor:
        settings.UPSTREAM_URL = vendor.url
        settings.UPSTREAM_KEY = "test-key"
        yield vendor


def test_workers_settle_doubts_by_the_balance(shop, sandbox, customer):
    now = timezone.now()
    ledger.adjust(account=ledger.account_of(customer), amount=Decimal(1000), key="rich", memo="rich", now=now)
    sync_catalog()
    shop.wait_until(BalanceReading.objects.exists, "a first reading of the balance")
    service = Service.objects.get(upstream_id=1)

    def lose(kind: str) -> Order:
        sandbox.fault(kind, action="add", times=1)
        order = place.order(
            customer=customer,
            service_id=service.pk,
            quantity=service.min * 20,
            link="https://instagram.com/name",
            now=timezone.now(),
        )
        shop.wait_until(lambda: again(order).state == states.UNCERTAIN, f"{kind}: a doubt")
        return order

    order = lose("lost_before")
    shop.wait_until(lambda: again(order).state in states.FINISHED, "sent again by itself, and done", seconds=PATIENCE)
    assert len(sandbox.vendor.purchases) == 1
    assert "proves that it was not charged" in order.events.get(kind="RESOLVED").note

    order = lose("lost_after")
    shop.wait_until(lambda: again(order).finding == Finding.CHARGED, "found to be charged", seconds=PATIENCE)
    assert again(order).state == states.UNCERTAIN
    assert len(sandbox.vendor.purchases) == 2
    assert shop.manage("audit_books")["problems"] == []


def again(order: Order) -> Order:
    order.refresh_from_db()
    return order
