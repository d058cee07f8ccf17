"""Our own client of the vendor, pointed at our own API: a second shop of this kind can resell from this one."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from api.models import Key
from catalog.models import Service
from orders import settle, submit
from orders.models import DeliveredItem, Order
from orders.verdict import Report, ended, judge
from reseller.books import audit
from sms import acquire, states
from sms.models import Number, Purchase
from tests.api.test_v2_numbers import worker
from tests.sms.conftest import listen_to
from upstream.client import Client, NotSent, OutOfFunds, Refused, Unanswered
from upstream.pace import DatabasePace
from wallet import ledger

__all__ = ["listen_to", "worker"]
pytestmark = pytest.mark.django_db(transaction=True)
LINK = "https://instagram.com/name"


@pytest.fixture
def outer(live_server, secret):
    """The outer shop's client."""
    pace = DatabasePace(per_second=1000, concurrency=8, name="outer")
    return Client(url=f"{live_server.url}/api/v2", key=secret, timeout=10, concurrency=4, pace=pace)


def report(order, status, items=0):
    """What the outer shop reads of an order that it bought at our charge."""
    return Report(
        word=status.status,
        product=order.is_product,
        quantity=order.quantity,
        remains=status.remains,
        items=items,
        charge=status.charge,
        cost=order.charge,
        quiet_for=timedelta(0),
    )


def test_the_catalogue_is_read_without_a_skipped_row(outer, catalogue, projects, rich):
    assert outer.balance().balance == ledger.account_of(rich).available
    rows = outer.services()
    assert not rows.skipped
    assert {row.service: row.rate for row in rows.good} == {each.pk: each.price for each in catalogue.values()}
    listed = {each.category: each.subcategories for each in outer.categories()}
    for category, subcategories in listed.items():
        found = outer.services(category=category, subcategory=(subcategories or [None])[0]).good
        assert found
        assert {row.category for row in found} == {category}
    assert outer.inventory(service=catalogue[7].pk).stock == catalogue[7].stock
    sold = outer.sms_projects()
    assert not sold.skipped
    assert {row.project_id for row in sold.good} == {str(each.pk) for each in projects.values()}
    assert {row.country_code for row in outer.sms_countries().good} >= {"us"}


@pytest.mark.parametrize(("share", "paid"), [(1.0, 1.0), (0.4, 0.4), (0.0, 0.0)])
def test_an_order_ends_outside_as_it_ended_inside(outer, catalogue, rich, share, paid):
    service = catalogue[1]
    order = Order.objects.get(pk=outer.add(service=service.pk, link=LINK, quantity=1000).order)
    assert judge(report(order, outer.status(order=order.pk))).state == "RUNNING"
    submit.submit(order_id=order.pk)
    assert judge(report(order, outer.status(order=order.pk))).state == "RUNNING"
    settle.settle(order_id=order.pk, verdict=ended(1000, int(1000 * share)), now=timezone.now())
    status = outer.status(order=order.pk)
    verdict = judge(report(order, status))
    order.refresh_from_db()
    assert (verdict.state, verdict.delivered, verdict.flag) == (order.state, int(1000 * share), "")
    assert status.charge == pytest.approx(order.charge * Decimal(str(paid)), abs=Decimal("0.0001"))
    assert audit().problems == []


def test_goods_arrive_outside_as_they_came_inside(outer, catalogue, rich, now):
    order = Order.objects.get(pk=outer.add(service=catalogue[7].pk, link="REF", quantity=3).order)
    submit.submit(order_id=order.pk)
    for position in (1, 2):
        DeliveredItem.objects.create(order=order, position=position, text=f"u{position}:p", delivered_at=now)
    Order.objects.filter(pk=order.pk).update(delivered=2)
    settle.settle(order_id=order.pk, verdict=ended(3, 2), now=now)
    status = outer.status(order=order.pk)
    assert status.accounts == ["u1:p", "u2:p"]
    verdict = judge(report(order, status, items=2))
    assert (verdict.state, verdict.delivered) == ("PARTIAL", 2)


def test_a_refusal_and_want_of_money_are_what_they_are(outer, catalogue, rich):
    service = catalogue[7]
    with pytest.raises(Refused, match="Service not found"):
        outer.add(service=999_999, link="", quantity=1)
    with pytest.raises(Refused, match="Quantity"):
        outer.add(service=service.pk, link="", quantity=service.max + 1)
    Service.objects.filter(pk=service.pk).update(price=10_000_000)
    with pytest.raises(OutOfFunds):
        outer.add(service=service.pk, link="", quantity=1)


def test_haste_and_a_revoked_key_are_safe_to_send_again(outer, catalogue, rich, settings, now):
    settings.API_PER_MINUTE = 0
    with pytest.raises(NotSent):
        outer.add(service=catalogue[7].pk, link="", quantity=1)
    assert not Order.objects.exists()
    Key.objects.update(revoked_at=now)
    fresh = Client(
        url=outer.url, key="x", timeout=10, concurrency=1, pace=DatabasePace(per_second=99, concurrency=1, name="f")
    )
    with pytest.raises(NotSent):
        fresh.add(service=catalogue[7].pk, link="", quantity=1)


def test_numbers_come_with_their_codes(outer, project, rich, worker, sandbox, listen_to):
    sandbox.vendor.plan_sms(project=project.upstream_id, behaviour="code", seconds=5, code="123456")
    bought = outer.add_sms(project_id=str(project.pk), quantity=2, country="us")
    assert [one.order for one in bought] == list(Number.objects.order_by("pk").values_list("pk", flat=True))
    assert outer.sms_status(order=bought[0].order).status == "active"
    sandbox.vendor.clock.advance(6)
    listen_to(Number.objects.get(pk=bought[0].order))
    status = outer.sms_status(order=bought[0].order)
    assert (status.status, status.code, status.charge) == ("code_received", "123456", project.price)
    assert outer.sms_code(order=bought[0].order).sms_content == "Your verification code is 123456"


def test_a_purchase_whose_fate_is_open_is_no_refusal_outside(outer, project, rich, worker, sandbox):
    sandbox.fault("lost_after", action="add_sms", times=1)
    with pytest.raises(Unanswered):
        outer.add_sms(project_id=str(project.pk))
    assert Purchase.objects.get().state == states.UNCERTAIN


def test_one_that_did_not_go_out_in_time_is_a_refusal_and_costs_nothing(outer, project, rich, settings):
    settings.API_NUMBERS_WAIT = 0.1
    with pytest.raises(Refused):
        outer.add_sms(project_id=str(project.pk))
    purchase = Purchase.objects.get()
    assert acquire.acquire(purchase_id=purchase.pk) is None
    assert ledger.account_of(rich).held == 0
