"""A shop with a catalogue and numbers, orders and purchases that run their course, and the runs in between."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from core.models import Alert
from orders import poll, submit
from orders.models import Order
from reconcile.models import Finding
from reconcile.run import reconcile
from sms import acquire, listen
from sms.models import Number
from tests.orders.conftest import catalogue, placed, rich
from tests.sms.conftest import bought, project, projects
from tests.still import sandbox

__all__ = ["bought", "catalogue", "placed", "project", "projects", "rich", "sandbox"]


def open_findings():
    """Keys of the open findings, in the order they were found."""
    return list(Finding.objects.filter(closed_at=None).order_by("pk").values_list("key", flat=True))


def open_alerts():
    return set(Alert.objects.filter(resolved_at=None).values_list("key", flat=True))


@pytest.fixture
def at(now):
    """`at(hours)`: the moment so many hours after the test began."""
    return lambda hours: now + timedelta(hours=hours)


@pytest.fixture
def run(at):
    """`run(hours)` reconciles then, and returns the report."""
    return lambda hours=0: reconcile(now=at(hours))


@pytest.fixture
def shop(sandbox, placed, bought):
    """`order(…)` and `numbers(…)` buy and send; `later(seconds)` lets time pass at the vendor and asks for news."""

    def order(upstream_id=1, **more):
        made = placed(upstream_id, **more)
        submit.submit(order_id=made.pk)
        made.refresh_from_db()
        return made

    def numbers(quantity=1, **more):
        made = bought(quantity, **more)
        acquire.acquire(purchase_id=made.pk)
        made.refresh_from_db()
        return made

    def later(seconds=0):
        sandbox.advance(seconds)
        Order.objects.exclude(next_poll_at=None).update(next_poll_at=timezone.now())
        Number.objects.exclude(next_poll_at=None).update(next_poll_at=timezone.now())
        poll.poll_due()
        listen.listen_due()

    return SimpleNamespace(order=order, numbers=numbers, later=later)
