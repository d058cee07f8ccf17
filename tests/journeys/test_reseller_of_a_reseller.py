"""Two whole shops: the outer one buys from the inner one's API, the inner one from the vendor."""

import json
import subprocess
import sys
from decimal import Decimal

import pytest
import redis
import requests
from django.conf import settings
from django.utils import timezone

from api import keys
from catalog.models import MarkupRule, Service
from catalog.sync import sync_catalog
from orders import states
from orders.models import Order
from reseller.books import audit
from sms.models import Number, Project
from sms.sync import sync_sms
from tests import servers
from tests.house import House
from wallet import ledger

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
LINK = "https://instagram.com/somebody"
FUNDS = Decimal(500)
# Two shops, one polling the other, and a busy machine.
PATIENCE = 60


@pytest.fixture
def inner(sandbox, tmp_path):
    """A shop that buys from the vendor, with a database and a broker of its own, and its catalogue there."""
    home = tmp_path / "inner"
    home.mkdir()
    number = servers.VALKEY_DATABASES - 1 - settings.WORKER
    environment = {
        "DATABASE_URL": f"sqlite:///{home / 'shop.sqlite3'}",
        # What tells the brokers' keys apart: see tests/settings.py.
        "PYTEST_XDIST_WORKER": f"gw{number - 1}",
    }
    if not settings.FOREIGN_BROKER:
        environment["CELERY_BROKER_URL"] = servers.valkey_url(settings.TEST_HOME, number)
        redis.Redis(unix_socket_path=str(settings.TEST_HOME / "valkey.sock"), db=number).flushdb()
    house = House(home=home, upstream_url=sandbox.url, upstream_key="test-key", environment=environment)
    prepared = subprocess.run(
        [sys.executable, "-c", PREPARE],
        env=house.environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    try:
        house.start()
        yield house, json.loads(prepared.stdout.splitlines()[-1])["api_key"]
    finally:
        house.stop()


# In one process, since each start of one takes a while.
PREPARE = f"""
import django
from django.conf import settings
from django.core.management import call_command
from tests import template
django.setup()
template.fill(settings.TEST_HOME, settings.DATABASES["default"])
for name in ("sync_catalog", "sync_sms"):
    call_command(name)
call_command("create_customer", "outer@example.com", credit="{FUNDS}", api_key=True)
"""


@pytest.fixture
def outer(inner, _nothing_cached, tmp_path, settings):
    """A shop that knows no vendor but the inner shop, on the test's own database."""
    shop, key = inner
    settings.UPSTREAM_URL, settings.UPSTREAM_KEY = f"{shop.url}/api/v2", key
    # A test before this one may have emptied the tables, and with them the first mark-up.
    MarkupRule.objects.all().delete()
    MarkupRule.objects.create(percent=Decimal(25))
    sync_catalog()
    sync_sms()
    home = tmp_path / "outer"
    home.mkdir()
    house = House(home=home, upstream_url=settings.UPSTREAM_URL, upstream_key=key)
    try:
        house.start()
        yield house
    finally:
        house.stop()


@pytest.fixture
def ask(outer, customer):
    """`ask("add", …)` asks the outer shop's API as a customer of its own, with 500 USD more."""
    ledger.adjust(account=ledger.account_of(customer), amount=FUNDS, key="more", memo="more", now=timezone.now())
    return asking(f"{outer.url}/api/v2", keys.make(customer=customer, name="robot", now=timezone.now())[1])


def asking(url, key):
    def ask(action, **params):
        return requests.post(url, data={"key": key, "action": action, **params}, timeout=30).json()

    return ask


def test_goods_refunds_and_codes_pass_through_both_shops(inner, outer, ask, sandbox, customer):
    shop, key = inner
    ask_inner = asking(f"{shop.url}/api/v2", key)
    listed = {row["name"]: row for row in ask_inner("services")["services"]}
    sold = {service.upstream_id: service for service in Service.objects.all()}
    # The vendor's numbers 1 and 7, by the inner shop's ids.
    followers = sold[listed[sandbox.vendor.services[1].name]["service"]]
    goods = sold[listed[sandbox.vendor.services[7].name]["service"]]
    project = Project.objects.get(
        country__code="us", site__name=_vendors_project(sandbox)["name"], state=Project.State.ON_SALE
    )
    for inner_row, outer_row in [(listed[followers.name], followers), (listed[goods.name], goods)]:
        assert outer_row.price > Decimal(inner_row["rate"])

    sandbox.plan(service=1, behaviour="partial", deliver=777, times=1)
    sandbox.plan_sms(behaviour="code", seconds=40.0, lifetime=600.0, times=1, code="246810", content="Code 246810")
    partial = ask("add", service=followers.pk, link=LINK, quantity=1001)["order"]
    delivered = ask("add", service=goods.pk, link=LINK, quantity=2)["order"]
    bought = ask("add_sms", project_id=project.pk, quantity=1, idempotency_key="one number")["orders"][0]

    wait = outer.wait_until
    wait(lambda: ask("sms_code", order=bought["order"]).get("code") == "246810", "the code", seconds=PATIENCE)
    wait(lambda: ask("status", order=delivered)["status"] == "Completed", "the goods", seconds=PATIENCE)
    wait(lambda: ask("status", order=partial)["status"] == "Partial", "the partial end", seconds=PATIENCE)

    # What the vendor delivered is what both shops say, and each paid back its own share.
    theirs, ours = Order.objects.get(pk=partial), ask("status", order=partial)
    inside = ask_inner("status", order=theirs.upstream_id)
    assert (theirs.state, theirs.delivered, ours["remains"]) == (states.PARTIAL, 777, 224)
    assert (inside["status"], inside["remains"]) == ("Partial", 224)
    for paid, price in [
        (Decimal(ours["charge"]), theirs.charge),
        (Decimal(inside["charge"]), Decimal(listed[followers.name]["rate"]) * 1001 / followers.unit),
    ]:
        assert paid == pytest.approx(price * 777 / 1001, abs=Decimal("0.0001"))

    told = ask("status", order=delivered)
    there = ask_inner("status", order=Order.objects.get(pk=delivered).upstream_id)
    assert len(told["accounts"]) == 2
    assert told["accounts"] == there["accounts"]

    number = Number.objects.get(pk=bought["order"])
    assert ask_inner("sms_code", order=number.upstream_id)["code"] == "246810"
    number_inside = ask_inner("sms_status", order=number.upstream_id)

    # The money: what each of the two customers has left is what they had less what they were charged.
    spent = sum(Decimal(ask("status", order=order)["charge"]) for order in (partial, delivered)) + project.price
    assert ledger.account_of(customer).available == FUNDS + 50 - spent
    paid_inside = sum(Decimal(one["charge"]) for one in (inside, there, number_inside))
    assert Decimal(ask_inner("balance")["balance"]) == FUNDS - paid_inside
    assert audit().problems == []
    assert shop.manage("audit_books")["problems"] == []


def _vendors_project(sandbox):
    """A project of the vendor's that brings codes."""
    chosen = sandbox.vendor.projects_that("code", country="us")[0]
    answer = asking(sandbox.url, "test-key")("sms_projects", country="us")
    return next(row for row in answer if row["project_id"] == chosen)
