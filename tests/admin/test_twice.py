"""The same yes given twice, by two at once, or against somebody else's: money moves once, and is told of once."""

import threading
import time
import uuid
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import StaffAct
from orders import states, withdraw
from orders.models import DeliveredItem, Order, OrderEvent
from orders.settle import settle
from orders.verdict import ended
from reseller.books import audit
from sms import acquire
from sms import states as sms_states
from sms.by_hand import deliver_code
from sms.models import PurchaseEvent
from tests.admin.conftest import balance
from tests.sms.conftest import bought, project, projects, rich
from wallet.models import Account, Hold, Transfer

__all__ = ["bought", "project", "projects", "rich"]

REFUND = {"reason": "bad", "confirmed": "1"}


def page(act, order):
    return reverse(f"admin:orders_order_{act}", args=[order.pk])


@pytest.fixture
def whole(db):
    """Looks at the books at the end."""
    yield
    assert audit().problems == []


@pytest.mark.django_db
class TestOneAfterTheOther:
    pytestmark = pytest.mark.usefixtures("whole")

    @pytest.mark.parametrize(
        "amount", ["0", "-1", "NaN", "Infinity", "1e30", "1E-3", "0.0000001", "1,25", "99999999999", "1.26", "١", ""]
    )
    def test_an_amount_that_is_none_or_too_much_moves_nothing(self, desk, customer, make, amount):
        order = make.ended()
        before = balance(customer).balance
        for typed in ({"amount": amount, "key": uuid.uuid4(), **REFUND}, {"amount": amount, "key": "", **REFUND}):
            assert desk.post(page("refund", order), typed).status_code == 200
        adjust = reverse("admin:wallet_account_adjust", args=[customer.pk])
        if amount not in ("1.26", "-1"):
            assert desk.post(adjust, {"amount": amount, "key": uuid.uuid4(), **REFUND}).status_code == 200
        assert balance(customer).balance == before
        assert not StaffAct.objects.exists()

    def test_parts_and_then_the_whole_never_pass_what_was_paid(self, desk, customer, make):
        order = make.ended(delivered=400)
        paid = Hold.objects.get(pk=order.hold_id).captured
        for amount, code in (("0.2", 302), (f"{paid}", 200), (f"{paid - Decimal('0.2')}", 302), ("0.000001", 200)):
            answer = desk.post(page("refund", order), {"amount": amount, "key": uuid.uuid4(), **REFUND})
            assert answer.status_code == code, amount
        assert balance(customer).balance == 50
        assert OrderEvent.objects.filter(order=order, kind="REFUNDED").count() == 2

    def test_an_order_of_which_nothing_was_paid_gives_nothing_back(self, desk, customer, make, operator):
        unpaid = [make.placed(), make.uncertain(), make.running(), make.ended(delivered=0), make.rejected(operator)]
        for order in unpaid:
            before = balance(customer).balance, balance(customer).held
            typed = {"amount": "0.01", "key": uuid.uuid4(), **REFUND}
            assert desk.post(page("refund", order), typed).status_code == 200, order.state
            assert (balance(customer).balance, balance(customer).held) == before
        assert not Transfer.objects.filter(kind="REFUND").exists()

    def test_what_is_on_hold_is_never_taken(self, desk, customer, make):
        make.placed(quantity=30_000)  # $37.50 of 50
        adjust = reverse("admin:wallet_account_adjust", args=[customer.pk])
        for amount, code in (("-12.51", 200), ("-50", 200), ("-12.50", 302), ("-0.01", 200)):
            assert desk.post(adjust, {"amount": amount, "key": uuid.uuid4(), **REFUND}).status_code == code, amount
        account = balance(customer)
        assert (account.available, account.held) == (0, Decimal("37.5"))

    def test_goods_handed_over_twice_are_there_once_and_paid_once(self, desk, customer, make, product):
        order = make.running(service=product, quantity=3)
        DeliveredItem.objects.create(order=order, position=1, text="a:1", delivered_at=make.now)
        typed = {"accounts": "a:1\nb:2", "reason": "by mail", "confirmed": "1"}
        assert desk.post(page("hand_over", order), typed).status_code == 302
        assert desk.post(page("hand_over", order), typed).status_code == 200
        assert desk.post(page("hand_over", order), {**typed, "accounts": "c:3"}).status_code == 200
        order.refresh_from_db()
        assert sorted(order.items.values_list("text", flat=True)) == ["a:1", "b:2"]
        assert (order.state, balance(customer).balance) == (states.PARTIAL, 50 - 6)
        # The vendor's own end, which comes later, changes nothing.
        settle(order_id=order.pk, verdict=ended(3, 3), now=timezone.now())
        assert balance(customer).balance == 50 - 6

    def test_an_end_by_hand_that_comes_after_the_vendors_is_refused(self, desk, customer, make):
        order = make.running()
        settle(order_id=order.pk, verdict=ended(1000, 400), now=make.now)
        before = balance(customer).balance
        for act, more in (("finish", {"delivered": "0"}), ("cancel", {}), ("found", {"upstream_id": "5"})):
            typed = {"reason": "x", "confirmed": "1", **more}
            assert desk.post(page(act, order), typed).status_code == 200, act
        assert balance(customer).balance == before
        order.refresh_from_db()
        assert order.delivered == 400

    def test_acts_on_the_order_of_a_closed_account_return_its_money(self, desk, customer, make):
        order, other = make.running(), make.ended()
        customer.is_active = False
        customer.save()
        assert desk.post(page("cancel", order), {"reason": "x", "confirmed": "1"}).status_code == 302
        typed = {"amount": "1.25", "key": uuid.uuid4(), **REFUND}
        assert desk.post(page("refund", other), typed).status_code == 302
        assert (balance(customer).balance, balance(customer).held) == (50, 0)


def side_by_side(customer, *acts):
    """Run the acts on connections of their own, all of them waiting for the customer's account before one goes on."""
    said = [None] * len(acts)

    def run(place, act):
        try:
            said[place] = act()
        except Exception as error:
            said[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    with transaction.atomic():
        Account.objects.select_for_update().get(owner=customer)
        for thread in threads:
            thread.start()
        time.sleep(0.6)
    for thread in threads:
        thread.join()
    return said


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    pytestmark = pytest.mark.usefixtures("whole")

    def browser(self, operator):
        client = Client()
        client.force_login(operator)
        return client

    def test_a_double_click_on_a_refund_is_one_refund_and_one_entry(self, customer, operator, make):
        order = make.ended()
        typed = {"amount": "0.5", "key": uuid.uuid4(), **REFUND}
        browsers = [self.browser(operator) for _ in range(3)]
        said = side_by_side(customer, *[lambda b=b: b.post(page("refund", order), typed).status_code for b in browsers])
        assert said == [302, 302, 302]
        assert balance(customer).balance == Decimal("49.25")
        assert OrderEvent.objects.filter(order=order, kind="REFUNDED").count() == 1
        assert StaffAct.objects.filter(kind="ACT", table="orders.order").count() == 1

    def test_a_double_click_on_a_refund_of_many_is_one_refund_and_one_entry_each(self, customer, operator, make):
        orders = [make.ended(), make.ended(delivered=100)]
        typed = {"action": "refund_many", "_selected_action": [each.pk for each in orders], "key": uuid.uuid4()}
        typed |= REFUND
        browsers = [self.browser(operator) for _ in range(2)]
        address = reverse("admin:orders_order_changelist")
        said = side_by_side(customer, *[lambda b=b: b.post(address, typed).status_code for b in browsers])
        assert said == [302, 302]
        assert balance(customer).balance == 50
        assert StaffAct.objects.filter(kind="ACT", table="orders.order").count() == 2

    def test_a_double_click_on_the_refund_of_a_number_is_one_refund_and_one_entry(self, customer, operator, bought):
        purchase = bought()
        acquire.acquire(purchase_id=purchase.pk)
        number = purchase.numbers.get()
        deliver_code(number_id=number.pk, code="1", text="", operator=operator, reason="x", now=timezone.now())
        before = balance(customer).balance
        paid = Hold.objects.get(pk=number.slot.hold_id).captured
        typed = {"amount": f"{paid / 2:f}", "key": uuid.uuid4(), **REFUND}
        address = reverse("admin:sms_number_refund", args=[number.pk])
        browsers = [self.browser(operator) for _ in range(3)]
        said = side_by_side(customer, *[lambda b=b: b.post(address, typed).status_code for b in browsers])
        assert said == [302, 302, 302]
        assert balance(customer).balance == before + paid / 2
        assert PurchaseEvent.objects.filter(purchase=purchase, note__contains="refunded").count() == 1
        assert StaffAct.objects.filter(kind="ACT", table="sms.number").count() == 1

    def test_a_double_click_on_an_adjustment_is_one(self, customer, operator):
        typed = {"amount": "-10", "key": uuid.uuid4(), **REFUND}
        address = reverse("admin:wallet_account_adjust", args=[customer.pk])
        browsers = [self.browser(operator) for _ in range(3)]
        said = side_by_side(customer, *[lambda b=b: b.post(address, typed).status_code for b in browsers])
        assert said == [302, 302, 302]
        assert balance(customer).balance == 40
        assert StaffAct.objects.filter(kind="ACT").count() == 1

    def test_two_operators_who_each_refund_the_whole_pay_it_once(self, customer, operator, make):
        order = make.ended()
        browsers = [self.browser(operator) for _ in range(2)]

        def refund(browser):
            typed = {"amount": "1.25", "key": uuid.uuid4(), **REFUND}
            return browser.post(page("refund", order), typed).status_code

        said = side_by_side(customer, *[lambda b=b: refund(b) for b in browsers])
        assert sorted(said) == [200, 302]
        assert balance(customer).balance == 50
        assert StaffAct.objects.filter(kind="ACT").count() == 1

    def test_canceling_giving_up_settling_and_withdrawing_at_once_end_an_order_once(self, customer, operator, make):
        running, doubt, waiting = make.running(), make.uncertain(), make.placed()
        browsers = [self.browser(operator) for _ in range(4)]
        yes = {"reason": "x", "confirmed": "1"}
        now = timezone.now()
        said = side_by_side(
            customer,
            lambda: browsers[0].post(page("cancel", running), yes).status_code,
            lambda: settle(order_id=running.pk, verdict=ended(1000, 1000), now=now).state,
            lambda: browsers[1].post(page("give_up", doubt), yes).status_code,
            lambda: browsers[2].post(page("found", doubt), {**yes, "upstream_id": "4711"}).status_code,
            lambda: browsers[3].post(page("give_up", waiting), yes).status_code,
            lambda: withdraw.withdraw(order_id=waiting.pk, customer=customer, now=now),
        )
        assert not [one for one in said if isinstance(one, Exception)]
        assert sorted(said[2:4]) == [200, 302]
        ends = {order.pk: order.state for order in Order.objects.all()}
        paid = Decimal("1.25") if ends[running.pk] == states.COMPLETED else 0
        held = Decimal("1.25") if ends[doubt.pk] == states.RUNNING else 0
        assert ends[running.pk] in (states.COMPLETED, states.CANCELED)
        assert ends[waiting.pk] in (states.REJECTED, states.CANCELED)
        assert (balance(customer).balance, balance(customer).held) == (50 - paid, held)

    def test_a_code_an_end_and_the_clock_at_once_pay_for_a_number_once_or_give_it_back(
        self, customer, operator, bought
    ):
        purchase = bought(2)
        acquire.acquire(purchase_id=purchase.pk)
        first, second = purchase.numbers.order_by("pk")
        before, price = balance(customer).balance, first.slot.hold.amount
        browsers = [self.browser(operator) for _ in range(4)]

        def act(browser, name, number, **typed):
            address = reverse(f"admin:sms_number_{name}", args=[number.pk])
            return browser.post(address, {"reason": "x", "confirmed": "1", **typed}).status_code

        said = side_by_side(
            customer,
            lambda: act(browsers[0], "hand_over", first, code="123", text=""),
            lambda: act(browsers[1], "hand_over", first, code="123", text=""),
            lambda: act(browsers[2], "finish", second),
            lambda: act(browsers[3], "hand_over", second, code="456", text=""),
        )
        assert not [one for one in said if isinstance(one, Exception)]
        assert sorted(said[:2]) == [200, 302]
        first.refresh_from_db()
        second.refresh_from_db()
        paid = price * (1 + (second.first_code_at is not None))
        held = 0
        assert first.messages.count() == 1
        assert second.state in (sms_states.CANCELED, sms_states.FINISHED, sms_states.RECEIVED)
        assert (balance(customer).balance, balance(customer).held) == (before - paid, held)

    def test_two_who_decide_about_a_doubtful_purchase_decide_once(self, customer, operator, bought, sandbox):
        sandbox.fault("lost_before", action="add_sms", times=1)
        purchase = bought()
        acquire.acquire(purchase_id=purchase.pk)
        purchase.refresh_from_db()
        assert purchase.state == sms_states.UNCERTAIN
        browsers = [self.browser(operator) for _ in range(3)]

        def act(browser, name, **typed):
            address = reverse(f"admin:sms_purchase_{name}", args=[purchase.pk])
            return browser.post(address, {"reason": "x", "confirmed": "1", **typed}).status_code

        said = side_by_side(
            customer,
            lambda: act(browsers[0], "give_up"),
            lambda: act(browsers[1], "found", numbers="4711 +12025550143"),
            lambda: act(browsers[2], "give_up"),
        )
        assert sorted(said) == [200, 200, 302]
        purchase.refresh_from_db()
        held = purchase.total if purchase.state == sms_states.RUNNING else 0
        assert balance(customer).held == held
        assert StaffAct.objects.filter(kind="ACT", table="sms.purchase").count() == 1
