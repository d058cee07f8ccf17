"""A shelf with a service and a project of numbers, browsers of the customer and of the owner."""

from decimal import Decimal

import pytest
from django.core.cache import cache

from api import keys
from sms.models import Country, MarkupRule, Project, Site
from tests.admin.conftest import _client, _reachable_broker, desk, make, product, save, service, shopper

__all__ = ["_client", "_reachable_broker", "desk", "make", "product", "save", "service", "shopper"]


@pytest.fixture(autouse=True)
def _no_old_rate_limits(db):
    cache.clear()


@pytest.fixture
def project(db, now):
    """Numbers of a site for $0.50 each."""
    MarkupRule.objects.all().delete()
    return Project.objects.create(
        upstream_id="900",
        site=Site.objects.create(name="Chat"),
        country=Country.objects.create(code="1", name="Somewhere", region="US"),
        cost=Decimal("0.50"),
        price=Decimal("0.50"),
        changed_at=now,
    )


@pytest.fixture
def secret(customer, now):
    """A key of the customer's."""
    return keys.make(customer=customer, name="program", now=now)[1]
