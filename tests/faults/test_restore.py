"""Yesterday's backup is put back: nothing is bought twice, and what the books no longer know is found."""

import contextlib
import json
import os
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone

from accounts.models import User
from catalog.models import Service
from catalog.sync import sync_catalog
from core import heartbeat
from core.models import Alert
from orders import place, poll, states, submit
from orders.models import Order
from reconcile.models import Finding
from reconcile.run import reconcile
from reseller.books import audit
from sms import acquire, buy, listen
from sms import states as sms_states
from sms.models import Number, Project
from sms.sync import sync_sms
from tests import servers
from tests.still import sandbox
from upstream import rewind
from upstream.balance import read_balance
from upstream.forwarding import sweep
from wallet import ledger

__all__ = ["sandbox"]

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Where the backup goes; PostgreSQL's programs are those of the server that the tests run."""
    with contextlib.suppress(servers.Missing):
        monkeypatch.setenv("PATH", f"{servers.postgres_programs() / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "shop.backup"


@pytest.fixture
def shop(sandbox, customer, now):
    """A customer with money, a catalogue, and numbers."""
    ledger.adjust(account=ledger.account_of(customer), amount=Decimal(1000), key="rich", memo="rich", now=now)
    sync_catalog()
    sync_sms()
    return customer


def run(*arguments):
    said = StringIO()
    call_command(*arguments, stdout=said)
    return json.loads(said.getvalue())


def order(customer, upstream_id=1):
    service = Service.objects.get(upstream_id=upstream_id)
    return place.order(
        customer=customer,
        service_id=service.pk,
        quantity=service.min * 10,
        link="https://instagram.com/name",
        now=timezone.now(),
    )


def restore(file):
    """As an operator does it: everything else has let go of the database."""
    connections.close_all()
    return run("restore", str(file))


def test_what_waited_when_the_backup_was_made_is_not_sent_a_second_time(file, shop, sandbox):
    read_balance(now=timezone.now())
    running, waiting = order(shop), order(shop)
    submit.submit(order_id=running.pk)
    purchase = buy.numbers(
        customer=shop,
        project_id=Project.objects.get(upstream_id=sandbox.vendor.projects_that("code", country="us")[0]).pk,
        quantity=2,
        now=timezone.now(),
    )
    assert run("backup", str(file))["ok"]
    assert file.stat().st_mode & 0o077 == 0

    # The day goes on: what waited is sent, and something new is bought.
    submit.submit(order_id=waiting.pk)
    acquire.acquire(purchase_id=purchase.pk)
    lost = order(shop, upstream_id=4)
    submit.submit(order_id=lost.pk)
    bought = len(sandbox.vendor.purchases)
    assert bought == 5

    told = restore(file)
    assert told["uncertain"] == {"orders": 1, "purchases": 1, "numbers": 0, "plans": 0}
    assert User.objects.filter(pk=shop.pk).exists()
    waiting.refresh_from_db()
    purchase.refresh_from_db()
    assert waiting.state == states.UNCERTAIN
    assert "restored from a backup" in waiting.flag
    assert purchase.state == sms_states.UNCERTAIN
    assert not Order.objects.filter(pk=lost.pk).exists()
    assert Alert.objects.filter(key="database:restored", resolved_at=None).exists()
    assert submit.submit(order_id=waiting.pk) is None
    assert not sweep(Order, now=timezone.now() + timedelta(hours=1))
    assert len(sandbox.vendor.purchases) == bought
    assert audit().problems == []

    # A new order gets no number that a customer has seen before.
    fresh = order(shop)
    assert fresh.pk > lost.pk + 1000
    assert submit.submit(order_id=fresh.pk) == states.RUNNING
    sandbox.advance(3600)
    Order.objects.filter(state=states.RUNNING).update(next_poll_at=timezone.now())
    assert poll.poll_due() == 2
    running.refresh_from_db()
    assert running.state in states.FINISHED
    assert audit().problems == []


def test_what_was_bought_since_the_backup_is_found_by_reconciliation(file, shop):
    reconcile(now=timezone.now())
    run("backup", str(file))
    lost = [order(shop) for _ in range(8)]
    for one in lost:
        submit.submit(order_id=one.pk)
    cost = sum(one.cost for one in lost)
    restore(file)
    reconcile(now=timezone.now())
    reconcile(now=timezone.now())
    finding = Finding.objects.get(kind=Finding.Kind.LOSS, closed_at=None)
    assert abs(finding.amount - cost) <= Decimal("0.0001")
    assert "backup" in finding.detail


def test_a_number_that_waited_is_asked_for_once_more(file, shop, sandbox):
    project = Project.objects.get(upstream_id=sandbox.vendor.projects_that("code", country="us")[0])
    purchase = buy.numbers(customer=shop, project_id=project.pk, quantity=1, now=timezone.now())
    acquire.acquire(purchase_id=purchase.pk)
    Number.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    run("backup", str(file))
    sandbox.advance(3600)
    assert restore(file)["uncertain"]["numbers"] == 1
    listen.run_out(now=timezone.now())
    listen.listen_due()
    number = Number.objects.get()
    # The vendor kept its charge, for the code had come: so the customer has it, and pays for it.
    assert number.messages.exists()
    assert number.state in sms_states.PAID
    assert audit().problems == []


def test_a_database_that_somebody_put_back_without_saying_so_is_not_sent_from(file, shop, sandbox):
    read_balance(now=timezone.now())
    waiting = order(shop)
    run("backup", str(file))
    read_balance(now=timezone.now())
    submit.submit(order_id=waiting.pk)
    bought = len(sandbox.vendor.purchases)
    from reseller.backup import put_back

    connections.close_all()
    put_back(file)
    assert Order.objects.get(pk=waiting.pk).state == states.PLACED
    assert submit.submit(order_id=waiting.pk) is None
    assert Alert.objects.filter(key=rewind.ALERT, resolved_at=None).exists()
    assert len(sandbox.vendor.purchases) == bought
    # Readings count on; they don't cover it up.
    for _ in range(5):
        read_balance(now=timezone.now())
    assert submit.submit(order_id=waiting.pk) is None
    assert run("after_restore")["uncertain"]["orders"] == 1
    assert not Alert.objects.filter(key=rewind.ALERT, resolved_at=None).exists()
    assert submit.submit(order_id=order(shop).pk) == states.RUNNING


def test_a_restore_under_a_living_worker_is_refused(file, shop):
    run("backup", str(file))
    heartbeat.beat("mail", now=timezone.now())
    with pytest.raises(CommandError, match="Stop web, workers and beat first"):
        run("restore", str(file))


def test_a_backup_overwrites_nothing_and_needs_a_folder(file, shop, tmp_path):
    file.write_text("mine")
    with pytest.raises(CommandError, match="is there already"):
        run("backup", str(file))
    assert file.read_text() == "mine"
    with pytest.raises(CommandError, match="no folder"):
        run("backup", str(tmp_path / "none" / "file"))


def test_what_is_no_backup_changes_nothing(tmp_path, shop, file):
    broken = tmp_path / "broken"
    broken.write_bytes(b"SQLite format 3\x00 and then nonsense" * 100)
    connections.close_all()
    with pytest.raises(CommandError):
        run("restore", str(broken))
    with pytest.raises(CommandError, match="no file"):
        run("restore", str(tmp_path / "none"))
    assert User.objects.filter(pk=shop.pk).exists()
    assert connection.vendor in ("sqlite", "postgresql")


def test_a_backup_that_is_older_than_a_table_can_be_put_back(file, shop):
    run("backup", str(file))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE younger (id integer PRIMARY KEY, about bigint REFERENCES orders_order (id))")
    assert restore(file)["ok"]
    assert "younger" not in connection.introspection.table_names()
    assert User.objects.filter(pk=shop.pk).exists()
