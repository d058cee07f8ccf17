"""A customer with a key, a catalogue and numbers to buy, and a way to ask."""

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from api import calls, keys
from tests.orders.conftest import catalogue, placed
from tests.sms.conftest import project, projects
from tests.still import sandbox
from wallet import ledger

__all__ = ["catalogue", "placed", "project", "projects", "sandbox"]


@pytest.fixture
def rich(customer, now):
    """The customer, with enough for anything."""
    ledger.adjust(account=ledger.account_of(customer), amount=Decimal(100_000), key="rich", memo="rich", now=now)
    return customer


@pytest.fixture
def make_key(broker):
    """`make_key(customer, …)` makes a key and returns its secret."""

    def make_key(customer, **fields):
        return keys.make(customer=customer, name="robot", now=timezone.now(), **fields)[1]

    return make_key


@pytest.fixture
def secret(customer, make_key):
    """The customer's key."""
    return make_key(customer)


@pytest.fixture
def notes_apart(monkeypatch):
    """Calls are not noted: in a shop that is a thread's business, and none of a call's queries."""
    monkeypatch.setattr(calls, "wake", lambda: None)
    yield
    calls._gathered.clear()


@pytest.fixture
def ask(secret):
    """`ask("balance")` posts a form to the vendor's dialect and returns the JSON."""
    return asker("/api/v2", secret)


@pytest.fixture
def ask_panel(secret):
    """`ask_panel("balance")` does so in the panels' dialect."""
    return asker("/api/v2/panel", secret)


def asker(path, secret):
    client = Client()

    def ask(action, *, key=secret, headers=None, status=200, **params):
        response = client.post(path, {"key": key, "action": action, **params}, headers=headers)
        assert response.status_code == status, response.content
        return response.json()

    return ask
