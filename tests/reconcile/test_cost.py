"""What was charged against what the rate said: small differences that add up stop the sale."""

from datetime import timedelta
from decimal import Decimal

import pytest

from catalog.models import MarkupRule, Service
from catalog.reprice import reprice
from catalog.resume import resume
from orders import poll, states
from orders.models import Order
from orders.resolve import finish
from reconcile.matters import close
from reconcile.models import Finding
from sms import states as sms_states
from sms.models import Number, Project
from tests.reconcile.conftest import open_alerts, open_findings
from upstream.replies import Status

pytestmark = pytest.mark.django_db

KEYS = {"COST", "KEPT"}


@pytest.fixture
def small(catalogue, now):
    """A service at $1.00, sold at $1.10 for 1,000 pieces."""
    MarkupRule.objects.update(percent=10, minimum_margin=0, fixed=0)
    Service.objects.filter(pk=catalogue[1].pk).update(rate=Decimal(1), price=Decimal(2), min=1)
    reprice(now=now)
    return Service.objects.get(pk=catalogue[1].pk)


@pytest.fixture
def charged(shop, small, now, sandbox):
    """`charged("0.01", times=3, quantity=5)`: orders of the small service, each charged so much."""
    sandbox.set_service(1, rate=Decimal(1), min=1)

    def charged(charge, *, times=3, quantity=5):
        for _ in range(times):
            order = shop.order(1, quantity=quantity)
            status = Status(status="Completed", charge=Decimal(charge), remains=0)
            poll.record(order=order, status=status, now=now)

    return charged


def found():
    return [one for one in Finding.objects.filter(closed_at=None) if one.kind in KEYS]


def test_charges_as_listed_are_nothing_to_find(charged, run):
    charged("0.0050")
    run()
    assert found() == []


def test_a_cent_on_an_order_of_half_a_cent_may_be_how_it_is_shown(charged, run, small):
    charged("0.01", times=20)
    run()
    small.refresh_from_db()
    assert (found(), small.state) == ([], Service.State.ON_SALE)


def test_charges_that_add_up_to_a_loss_take_the_service_off_sale(charged, run, small):
    charged("0.0120")
    assert Service.objects.get(pk=small.pk).state == Service.State.ON_SALE  # each is within a cent
    run()
    small.refresh_from_db()
    (finding,) = found()
    assert small.state == Service.State.SUSPENDED
    assert (finding.key, finding.amount) == (f"service:{small.pk}:drift", Decimal("0.021"))
    assert finding.figures["Charged for 1,000, at least"] == "2.39"
    assert {f"service:{small.pk}:drift", f"service:{small.pk}:cost"} <= open_alerts()


def test_the_minimum_margin_counts_as_cost(charged, run, small, now):
    charged("0.0053")  # 1.05 for 1,000 at least: below its price of 1.10
    run()
    assert found() == []
    MarkupRule.objects.update(minimum_margin=Decimal("0.10"))
    reprice(now=now)
    run()
    small.refresh_from_db()
    assert (small.price, small.state) == (Decimal("1.10"), Service.State.SUSPENDED)


def test_two_orders_tell_nothing_yet(charged, run):
    charged("0.0120", times=2)
    run()
    assert found() == []


def test_orders_at_another_rate_than_today_s_do_not_count(charged, run, small):
    charged("0.0120")
    Service.objects.filter(pk=small.pk).update(rate=Decimal("1.05"))
    run()
    assert found() == []


def test_who_puts_it_back_on_sale_is_not_overruled_and_closing_forgets_the_old_orders(
    charged, run, small, operator, at, now
):
    charged("0.0120")
    run()
    resume(service_id=small.pk, now=now)
    run(1)
    assert Service.objects.get(pk=small.pk).state == Service.State.ON_SALE
    (finding,) = found()
    close(finding_id=finding.pk, operator=operator, reason="agreed with the vendor", now=at(1))
    run(30)
    assert found() == []


def test_a_project_that_charges_above_its_price_goes_off_sale(shop, run, project):
    purchase = shop.numbers(3)
    assert run().clean
    over = project.price + Decimal("0.0050")
    Number.objects.filter(purchase=purchase).update(upstream_charge=over, state=sms_states.RECEIVED)
    run(1)
    assert f"project:{project.pk}:drift" in open_findings()
    assert Project.objects.get(pk=project.pk).state == Project.State.SUSPENDED
    Number.objects.filter(purchase=purchase).update(state=sms_states.WAITING)


def test_a_charge_kept_for_what_did_not_arrive_is_found(shop, run, now, catalogue):
    order = shop.order(1, quantity=catalogue[1].max)
    poll.record(order=order, status=Status(status="Canceled", charge=order.cost, remains=order.quantity), now=now)
    order.refresh_from_db()
    assert order.state == states.CANCELED
    run()
    (finding,) = [one for one in found() if one.kind == "KEPT"]
    assert (finding.key, finding.amount) == (f"order:{order.pk}:kept", order.cost)


def test_a_canceled_order_that_was_paid_back_is_nothing_to_find(shop, run, now):
    order = shop.order(1)
    poll.record(order=order, status=Status(status="Canceled", charge=Decimal(0), remains=order.quantity), now=now)
    run()
    assert found() == []


def test_what_an_operator_ended_by_hand_is_not_held_against_the_vendor(shop, run, operator, now, catalogue):
    order = shop.order(1, quantity=catalogue[1].max)
    shop.later()
    Order.objects.filter(pk=order.pk).update(upstream_charge=order.cost)
    finish(order_id=order.pk, delivered=0, operator=operator, reason="by hand", now=now)
    run()
    assert found() == []


def test_old_orders_are_not_looked_at(charged, run):
    charged("0.0120")
    Order.objects.update(accepted_at=Order.objects.first().accepted_at - timedelta(days=8))
    run()
    assert found() == []
