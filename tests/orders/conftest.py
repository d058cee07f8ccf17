"""A synchronised catalogue and orders in it."""

from decimal import Decimal

import pytest

from catalog.models import Category, Service, Subcategory, SyncRun
from catalog.sync import sync_catalog
from orders import place
from tests.still import copied, sandbox

__all__ = ["catalogue", "placed", "rich", "sandbox"]


@pytest.fixture
def catalogue(db, sandbox):
    """Our copy of the vendor's catalogue."""
    copied("catalogue", sync_catalog, Category, Subcategory, Service, SyncRun)
    return {service.upstream_id: service for service in Service.objects.all()}


@pytest.fixture
def rich(customer, now):
    """The customer, with enough for anything."""
    from wallet import ledger

    ledger.adjust(account=ledger.account_of(customer), amount=Decimal(100_000), key="rich", memo="rich", now=now)
    return customer


@pytest.fixture
def placed(catalogue, rich, now):
    """`placed(upstream_id, quantity=…)` places an order and returns it."""

    def placed(upstream_id, quantity=None, link="https://instagram.com/name", **more):
        service = catalogue[upstream_id]
        return place.order(
            customer=more.pop("customer", rich),
            service_id=service.pk,
            quantity=quantity or service.min,
            link=link,
            now=now,
            **more,
        )

    return placed
