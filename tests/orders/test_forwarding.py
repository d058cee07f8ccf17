"""An order goes out at most once, and whatever the vendor does it is never lost."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from core.models import Alert
from orders import poll, resolve, states, submit
from orders.models import Attempt, Order, OrderEvent
from reseller.books import audit
from upstream import forwarding
from wallet import ledger

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


def purchases(sandbox):
    return list(sandbox.vendor.purchases)


def held(order):
    account = ledger.account_of(order.customer)
    return account.held


def follow(order, sandbox, seconds=30, times=40):
    """Let the vendor's time pass and ask, until the order ends."""
    for _ in range(times):
        sandbox.advance(seconds)
        poll.poll_one(order_id=order.pk)
        order.refresh_from_db()
        if not order.is_open:
            return order
    return order


def test_an_order_is_bought_once_and_followed_to_its_end(placed, sandbox):
    order = placed(1)
    assert submit.submit(order_id=order.pk) == states.RUNNING
    assert submit.submit(order_id=order.pk) is None
    assert len(purchases(sandbox)) == 1
    follow(order, sandbox)
    assert order.state == states.COMPLETED
    assert order.delivered == order.quantity
    assert order.hold.captured == order.charge
    assert held(order) == 0


def test_a_product_arrives_with_its_items_and_they_are_ciphertext_in_the_database(placed, sandbox):
    from django.db import connection

    order = placed(7, quantity=3)
    submit.submit(order_id=order.pk)
    follow(order, sandbox)
    assert order.state == states.COMPLETED
    texts = [item.text for item in order.items.all()]
    assert len(texts) == 3
    assert len(set(texts)) == 3
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM orders_delivereditem")
        stored = " ".join(row[0] for row in cursor.fetchall())
    assert not any(text in stored for text in texts)


def test_what_the_vendor_sees_of_a_product_order_is_our_reference(placed, sandbox):
    order = placed(7)
    submit.submit(order_id=order.pk)
    assert purchases(sandbox)[0].link == order.reference


def test_a_partial_order_captures_only_what_arrived(placed, sandbox):
    order = placed(3)
    submit.submit(order_id=order.pk)
    follow(order, sandbox)
    assert order.state == states.PARTIAL
    assert 0 < order.delivered < order.quantity
    exact = order.charge * order.delivered / order.quantity
    assert exact <= order.hold.captured < exact + Decimal("0.000001")


def test_a_canceled_order_costs_nothing(placed, sandbox):
    order = placed(4)
    submit.submit(order_id=order.pk)
    follow(order, sandbox)
    assert order.state == states.CANCELED
    assert order.hold.captured == 0
    assert held(order) == 0


def test_a_failed_order_that_the_vendor_paid_back_costs_nothing(placed, sandbox):
    order = placed(6)
    submit.submit(order_id=order.pk)
    follow(order, sandbox)
    assert order.state == states.CANCELED


def test_an_answer_lost_after_the_vendor_charged_is_never_sent_again(placed, sandbox):
    order = placed(1)
    sandbox.fault("lost_after", action="add", times=1)
    assert submit.submit(order_id=order.pk) == states.UNCERTAIN
    assert submit.submit(order_id=order.pk) is None
    assert forwarding.due(Order, now=timezone.now() + timedelta(days=1), limit=10) == []
    assert len(purchases(sandbox)) == 1
    order.refresh_from_db()
    assert held(order) == order.charge
    assert Alert.objects.filter(key=f"order:{order.pk}:uncertain", resolved_at=None).exists()


@pytest.mark.parametrize("kind", ["lost_before", "http_500", "http_502_html", "html", "broken_json"])
def test_an_answer_that_can_not_be_relied_on_makes_an_order_uncertain(placed, sandbox, kind):
    order = placed(1)
    sandbox.fault(kind, action="add", times=1)
    assert submit.submit(order_id=order.pk) == states.UNCERTAIN
    assert held(order) == order.charge


def test_a_vendor_that_hangs_makes_an_order_uncertain(placed, sandbox, settings):
    settings.UPSTREAM_TIMEOUT = 0.3
    order = placed(1)
    sandbox.fault("hang", action="add", times=1, seconds=1)
    assert submit.submit(order_id=order.pk) == states.UNCERTAIN


def test_a_vendor_that_drips_its_answer_does_not_hold_a_worker(placed, sandbox, settings):
    settings.UPSTREAM_TIMEOUT = 0.5
    order = placed(1)
    sandbox.fault("slow_drip", action="add", times=1, delay=0.2)
    started = timezone.now()
    assert submit.submit(order_id=order.pk) == states.UNCERTAIN
    assert timezone.now() - started < timedelta(seconds=3)


def test_a_vendor_that_is_not_there_makes_an_order_wait(placed, sandbox, settings):
    order = placed(1)
    settings.UPSTREAM_URL = "http://127.0.0.1:9/api/v2"
    assert submit.submit(order_id=order.pk) == states.PLACED
    order.refresh_from_db()
    assert order.not_before > timezone.now()
    settings.UPSTREAM_URL = sandbox.url
    Order.objects.update(not_before=timezone.now())
    assert submit.submit(order_id=order.pk) == states.RUNNING
    assert [attempt.outcome for attempt in order.attempts.all()] == ["ACCEPTED", "NOT_SENT"]


@pytest.mark.parametrize("kind", ["http_429", "rate_limit_words", "wrong_key"])
def test_a_vendor_that_asks_us_to_hold_back_makes_an_order_wait(placed, sandbox, kind):
    order = placed(1)
    sandbox.fault(kind, action="add", times=1)
    assert submit.submit(order_id=order.pk) == states.PLACED
    assert purchases(sandbox) == []
    # The breaker is open for everybody: the next order does not even ask.
    received = sandbox.received.total()
    other = placed(1)
    assert submit.submit(order_id=other.pk) == states.PLACED
    assert sandbox.received.total() == received


def test_our_own_empty_balance_upstream_is_not_the_customers_affair(placed, sandbox):
    order = placed(1)
    sandbox.vendor.balance = Decimal(0)
    assert submit.submit(order_id=order.pk) == states.PLACED
    kinds = [event.kind for event in order.events.all()]
    assert kinds == [OrderEvent.Kind.PLACED, OrderEvent.Kind.DELAYED]
    assert Alert.objects.filter(key="upstream:funds", resolved_at=None).count() == 1
    sandbox.vendor.balance = Decimal(1000)
    Order.objects.update(not_before=timezone.now())
    assert submit.submit(order_id=order.pk) == states.RUNNING
    assert not Alert.objects.filter(key="upstream:funds", resolved_at=None).exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Service not found", "SERVICE_GONE"),
        ("Not enough stock", "OUT_OF_STOCK"),
        ("Quantity is less than minimal", "BAD_QUANTITY"),
        ("Link is required", "BAD_LINK"),
        ("<script>alert(1)</script>", "NOT_ACCEPTED"),
    ],
)
def test_a_refusal_gives_the_money_back_and_says_why_in_our_words(placed, sandbox, words, reason):
    order = placed(1)
    sandbox.fault("words", action="add", times=1, words=words)
    assert submit.submit(order_id=order.pk) == states.REJECTED
    order.refresh_from_db()
    assert order.reason == reason
    assert held(order) == 0
    assert words not in order.get_reason_display()


def test_a_refused_product_never_speaks_of_a_link():
    assert submit.reason_for("Link is required", is_product=True) == "NOT_ACCEPTED"
    assert submit.reason_for("Not enough stock", is_product=True) == "OUT_OF_STOCK"


def test_an_answer_that_says_yes_and_no_is_not_believed(placed, sandbox):
    order = placed(1)
    sandbox.fault("answer", action="add", times=1, body={"error": "Something", "order": 77})
    assert submit.submit(order_id=order.pk) == states.UNCERTAIN


def test_an_order_number_we_already_have_is_not_believed(placed, sandbox):
    first, second = placed(1), placed(1)
    submit.submit(order_id=first.pk)
    first.refresh_from_db()
    sandbox.fault("answer", action="add", times=1, body={"order": first.upstream_id})
    assert submit.submit(order_id=second.pk) == states.UNCERTAIN
    second.refresh_from_db()
    assert second.upstream_id is None


class TestAWorkerThatVanished:
    @pytest.fixture
    def lost(self, placed):
        order = placed(1)
        claimed = forwarding._claim(submit.DESK, order.pk)
        assert claimed is not None
        return claimed[0]

    def test_leaves_its_order_alone_until_the_lease_is_over(self, lost):
        assert forwarding.expire_leases(submit.DESK, now=timezone.now()) == 0
        later = timezone.now() + timedelta(seconds=forwarding.lease_seconds() + 1)
        assert forwarding.expire_leases(submit.DESK, now=later) == 1
        lost.refresh_from_db()
        assert lost.state == states.UNCERTAIN
        assert held(lost) == lost.charge

    def test_that_answers_late_after_all_settles_the_doubt(self, lost, sandbox):
        forwarding.expire_leases(submit.DESK, now=timezone.now() + timedelta(hours=1))
        bought = submit.DESK.send(lost, submit.DESK.request(lost))
        assert forwarding._accepted(submit.DESK, lost, bought) == states.RUNNING
        lost.refresh_from_db()
        assert lost.upstream_id == bought.order
        assert not Alert.objects.filter(key=f"order:{lost.pk}:uncertain", resolved_at=None).exists()

    def test_that_answers_after_an_operator_decided_is_reported(self, lost, operator, sandbox):
        forwarding.expire_leases(submit.DESK, now=timezone.now() + timedelta(hours=1))
        resolve.give_up(order_id=lost.pk, operator=operator, reason="gone", now=timezone.now())
        bought = submit.DESK.send(lost, submit.DESK.request(lost))
        assert forwarding._accepted(submit.DESK, lost, bought) is None
        lost.refresh_from_db()
        assert lost.state == states.REJECTED
        assert Alert.objects.filter(key=f"order:{lost.pk}:late", severity="CRITICAL").exists()


class TestTheThreeWaysOutOfUncertain:
    @pytest.fixture
    def uncertain(self, placed, sandbox):
        order = placed(1)
        sandbox.fault("lost_after", action="add", times=1)
        submit.submit(order_id=order.pk)
        order.refresh_from_db()
        return order

    def test_found_is_followed_to_its_end(self, uncertain, operator, sandbox, now):
        number = purchases(sandbox)[0].order
        resolve.found(order_id=uncertain.pk, upstream_id=number, operator=operator, reason="seen", now=now)
        follow(uncertain, sandbox)
        assert uncertain.state == states.COMPLETED
        assert uncertain.events.get(kind=OrderEvent.Kind.RESOLVED).actor == operator

    def test_a_number_of_another_order_is_refused(self, uncertain, placed, operator, now):
        other = placed(1)
        submit.submit(order_id=other.pk)
        other.refresh_from_db()
        with pytest.raises(resolve.CantResolve):
            resolve.found(order_id=uncertain.pk, upstream_id=other.upstream_id, operator=operator, reason="x", now=now)
        uncertain.refresh_from_db()
        assert uncertain.state == states.UNCERTAIN

    def test_not_accepted_is_sent_again(self, uncertain, operator, sandbox, now):
        resolve.send_again(order_id=uncertain.pk, operator=operator, reason="not there", now=now)
        assert submit.submit(order_id=uncertain.pk) == states.RUNNING

    def test_given_up_frees_the_money(self, uncertain, operator, now):
        resolve.give_up(order_id=uncertain.pk, operator=operator, reason="enough", now=now)
        uncertain.refresh_from_db()
        assert uncertain.state == states.REJECTED
        assert held(uncertain) == 0

    def test_an_order_that_can_not_go_out_can_be_given_up_too(self, placed, operator, now):
        order = placed(1)
        resolve.give_up(order_id=order.pk, operator=operator, reason="no funds", now=now)
        order.refresh_from_db()
        assert order.state == states.REJECTED
        assert submit.submit(order_id=order.pk) is None

    @pytest.mark.parametrize("act", ["found", "send_again"])
    def test_an_order_that_is_not_uncertain_is_left_alone(self, placed, operator, now, act):
        order = placed(1)
        more = {"upstream_id": 5} if act == "found" else {}
        with pytest.raises(resolve.CantResolve):
            getattr(resolve, act)(order_id=order.pk, operator=operator, reason="x", now=now, **more)
        order.refresh_from_db()
        assert order.state == states.PLACED


def test_every_attempt_is_on_record_without_the_key(placed, sandbox):
    order = placed(1)
    submit.submit(order_id=order.pk)
    attempt = Attempt.objects.get(order=order)
    assert attempt.outcome == "ACCEPTED"
    assert attempt.finished_at >= attempt.started_at
    assert attempt.request == {"service": 1, "link": order.link, "quantity": order.quantity}
    assert "test-key" not in str(attempt.request) + attempt.detail
