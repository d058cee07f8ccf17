"""Before an order is sent: it does not go out below cost, and a product not without stock."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog import below_cost
from catalog.models import MarkupRule, Service
from catalog.pricing import NoMarkup, shortfall
from core.models import Alert
from orders import late, resolve, states, submit
from orders.below_cost import GUARD
from orders.models import Attempt, Order, OrderEvent
from orders.tasks import sweep_placed
from reseller.books import audit
from upstream import forwarding
from wallet import ledger

pytestmark = pytest.mark.django_db

SMM, PRODUCT = 1, 7


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


def cost_rises(order, factor=100):
    """A sync brought a higher rate, and with it a higher price."""
    service = order.service
    Service.objects.filter(pk=service.pk).update(rate=service.rate * factor, price=service.price * factor)


def open_alert(order):
    return Alert.objects.filter(key=below_cost.alert_key(order), resolved_at=None)


class TestBelowCost:
    def test_an_order_is_held_for_the_operator_and_never_handed_out(self, placed, sandbox):
        order = placed(SMM)
        cost_rises(order)
        assert submit.submit(order_id=order.pk) == states.PLACED
        assert submit.submit(order_id=order.pk) is None
        order.refresh_from_db()
        assert order.below_cost == "HELD"
        assert open_alert(order).get().times == 1
        assert forwarding.due(Order, now=timezone.now() + timedelta(days=1), limit=9) == []
        assert list(sandbox.vendor.purchases) == []
        assert ledger.account_of(order.customer).held == order.charge
        assert [event.kind for event in order.events.all()] == ["PLACED", "HELD"]

    def test_is_refused_with_the_money_back_where_the_setting_says_so(self, placed, sandbox, settings):
        settings.BELOW_COST = "refuse"
        order = placed(SMM)
        cost_rises(order)
        assert submit.submit(order_id=order.pk) == states.REJECTED
        order.refresh_from_db()
        assert (order.state, order.reason) == (states.REJECTED, "PRICE_ROSE")
        assert ledger.account_of(order.customer).held == 0
        assert list(sandbox.vendor.purchases) == []

    def test_goes_out_where_the_setting_says_so(self, placed, settings):
        settings.BELOW_COST = "send"
        order = placed(SMM)
        cost_rises(order)
        assert submit.submit(order_id=order.pk) == states.RUNNING

    def test_the_minimum_margin_counts_and_a_rise_that_leaves_it_does_not_matter(self, placed):
        MarkupRule.objects.update(percent=100, minimum_margin=Decimal(0))
        order = placed(SMM)
        service = order.service
        rise = (order.charge * service.unit / order.quantity - service.rate) / 2
        Service.objects.filter(pk=service.pk).update(rate=(service.rate + rise).quantize(Decimal("0.000001")))
        service.refresh_from_db()
        order = Order.objects.get(pk=order.pk)
        assert below_cost.loss(GUARD, order) == 0
        MarkupRule.objects.update(minimum_margin=rise * 2)
        assert below_cost.loss(GUARD, order) > 0

    def test_a_stricter_rule_alone_holds_nothing_that_was_placed_before_it(self, placed):
        order = placed(SMM)
        MarkupRule.objects.update(minimum_margin=Decimal(1000))
        assert submit.submit(order_id=order.pk) == states.RUNNING

    def test_it_goes_out_by_itself_when_the_cost_falls_again(self, placed):
        order = placed(SMM)
        cost_rises(order)
        submit.submit(order_id=order.pk)
        assert below_cost.release(GUARD, now=timezone.now()) == 0
        Service.objects.filter(pk=order.service_id).update(rate=order.rate)
        assert below_cost.release(GUARD, now=timezone.now()) == 1
        assert not open_alert(order).exists()
        assert submit.submit(order_id=order.pk) == states.RUNNING

    def test_an_operator_sends_it_all_the_same(self, placed, operator, client):
        order = placed(SMM)
        cost_rises(order)
        submit.submit(order_id=order.pk)
        client.force_login(operator)
        page = reverse("admin:orders_order_change", args=[order.pk])
        assert "Held back: below cost" in client.get(page).content.decode()
        act = reverse("admin:orders_order_let_go", args=[order.pk])
        assert "Cost now" in client.get(act).content.decode()
        assert client.post(act, {"reason": "a good customer"}, follow=True).redirect_chain
        assert not open_alert(order).exists()
        assert submit.submit(order_id=order.pk) == states.RUNNING

    def test_an_operator_gives_it_up_and_the_customer_reads_why(self, placed, operator, now):
        order = placed(SMM)
        cost_rises(order)
        submit.submit(order_id=order.pk)
        resolve.give_up(order_id=order.pk, operator=operator, reason="too dear", now=now)
        order.refresh_from_db()
        assert order.get_reason_display() == "The price rose before it could go out."
        assert not open_alert(order).exists()

    def test_only_what_is_held_can_be_let_go(self, placed, operator, now):
        order = placed(SMM)
        with pytest.raises(resolve.CantResolve):
            resolve.let_go(order_id=order.pk, operator=operator, reason="x", now=now)

    def test_a_charge_that_just_fits_is_no_loss(self):
        figures = {"quantity": 7, "unit": 1000, "rule": NoMarkup()}
        assert shortfall(charge=Decimal("0.0024"), rate=Decimal("0.333333"), **figures) == 0
        assert shortfall(charge=Decimal("0.0023"), rate=Decimal("0.333333"), **figures) == Decimal("0.000034")


class TestTheStockOfAProduct:
    def test_one_that_is_sold_out_meanwhile_is_refused_before_it_is_charged(self, placed, sandbox):
        order = placed(PRODUCT, quantity=3)
        sandbox.set_service(PRODUCT, stock=2)
        assert submit.submit(order_id=order.pk) == states.REJECTED
        order.refresh_from_db()
        assert order.reason == "OUT_OF_STOCK"
        assert ledger.account_of(order.customer).held == 0
        assert sandbox.received["add"] == 0
        assert Service.objects.get(pk=order.service_id).stock == 2

    def test_what_the_vendor_says_is_remembered(self, placed, sandbox):
        order = placed(PRODUCT, quantity=3)
        sandbox.set_service(PRODUCT, stock=41)
        assert submit.submit(order_id=order.pk) == states.RUNNING
        assert Service.objects.get(pk=order.service_id).stock == 41

    def test_a_service_is_not_asked_for(self, placed, sandbox):
        submit.submit(order_id=placed(SMM).pk)
        assert sandbox.received["inventory"] == 0

    @pytest.mark.parametrize("kind", ["http_500", "lost_after", "html", "http_429"])
    def test_no_answer_is_no_doubt_the_order_waits(self, placed, sandbox, kind):
        order = placed(PRODUCT)
        sandbox.fault(kind, action="inventory", times=1)
        assert submit.submit(order_id=order.pk) == states.PLACED
        assert sandbox.received["add"] == 0
        assert Attempt.objects.get(order=order).outcome == "NOT_SENT"

    def test_a_vendor_that_never_tells_it_decides_by_its_answer_to_the_order(self, placed, sandbox):
        order = placed(PRODUCT)
        sandbox.fault("html", action="inventory")
        for _ in range(submit.TRIES_FOR_STOCK - 1):
            assert submit.submit(order_id=order.pk) == states.PLACED
            Order.objects.update(not_before=timezone.now())
        assert submit.submit(order_id=order.pk) == states.RUNNING

    def test_one_that_refuses_to_tell_decides_at_once(self, placed, sandbox):
        order = placed(PRODUCT)
        sandbox.fault("words", action="inventory", times=1, words="Invalid action")
        assert submit.submit(order_id=order.pk) == states.RUNNING

    def test_a_slow_answer_does_not_eat_up_the_lease(self, placed, sandbox, monkeypatch):
        from catalog import stock

        monkeypatch.setattr(stock, "PATIENCE", 0.2)
        order = placed(PRODUCT)
        sandbox.fault("hang", action="inventory", times=1, seconds=2)
        began = timezone.now()
        assert submit.submit(order_id=order.pk) == states.PLACED
        assert timezone.now() - began < timedelta(seconds=1.5)


class TestALateOrder:
    def test_is_told_once_and_without_a_reason(self, placed, sandbox):
        order = placed(SMM)
        fresh = placed(SMM)
        Order.objects.filter(pk=order.pk).update(placed_at=order.placed_at - late.LATE * 2)
        before = order.changed_at
        for _ in range(2):
            late.mark_late(now=timezone.now())
        assert [event.kind for event in order.events.all()] == ["PLACED", "DELAYED"]
        assert [event.kind for event in fresh.events.all()] == ["PLACED"]
        order.refresh_from_db()
        assert order.changed_at > before

    def test_that_is_tried_a_second_time_is_told_too(self, placed, settings):
        order = placed(SMM)
        settings.UPSTREAM_URL = "http://127.0.0.1:9/api/v2"
        for _ in range(3):
            submit.submit(order_id=order.pk)
            Order.objects.update(not_before=timezone.now())
        kinds = [event.kind for event in order.events.all()]
        assert kinds == [OrderEvent.Kind.PLACED, OrderEvent.Kind.DELAYED]

    def test_is_told_by_the_sweep_even_while_nothing_may_go_out(self, placed, sandbox, monkeypatch):
        first, order = placed(SMM), placed(SMM)
        sandbox.fault("http_429", action="add", times=1, retry_after=60)
        submit.submit(order_id=first.pk)
        Order.objects.filter(pk=order.pk).update(placed_at=order.placed_at - late.LATE * 2)
        sweep_placed()
        assert order.events.filter(kind="DELAYED").exists()
        order.refresh_from_db()
        assert (order.state, order.tries) == (states.PLACED, 0)
