"""Following: asked for when due, written down when something is new, and no answer ever loses goods."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from catalog.models import Service
from core.models import Alert
from orders import poll, states, submit
from orders.models import Order
from orders.settle import settle
from orders.verdict import Verdict
from reseller.books import audit
from upstream import claims
from upstream.models import Claim
from upstream.replies import Status

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


@pytest.fixture
def running(placed):
    def running(upstream_id=1, **more):
        order = placed(upstream_id, **more)
        assert submit.submit(order_id=order.pk) == states.RUNNING
        order.refresh_from_db()
        return order

    return running


def due_now():
    Order.objects.update(next_poll_at=timezone.now())


def record(order, **fields):
    poll.record(order=order, status=Status(**fields), now=timezone.now())
    order.refresh_from_db()
    return order


def test_only_due_orders_are_asked_for(running, sandbox):
    running()
    assert poll.poll_due() == 0
    due_now()
    assert poll.poll_due() == 1
    assert poll.poll_due() == 0


def test_an_answer_that_brings_nothing_only_moves_the_next_question(running, sandbox, django_assert_num_queries):
    order = running()
    due_now()
    poll.poll_due()
    order.refresh_from_db()
    before = order.changed_at
    due_now()
    # Claim (four statements, and one that gives it back), which reading of our balance it comes after, and one for
    # what is next.
    with django_assert_num_queries(7):
        poll.poll_due()
    order.refresh_from_db()
    assert order.changed_at == before
    assert order.next_poll_at > timezone.now()
    assert not Claim.objects.exists()


def test_queries_of_a_batch_do_not_grow_with_it(running, sandbox, django_assert_max_num_queries):
    for _ in range(12):
        running()
    due_now()
    poll.poll_due()
    due_now()
    with django_assert_max_num_queries(8):
        assert poll.poll_due() == 12


def test_an_order_is_asked_for_ever_more_rarely():
    waits = [poll.wait_after(timedelta(seconds=age)).total_seconds() for age in (0, 40, 600, 3600, 10**6)]
    assert waits == [2, 2, 30, 180, 900]


def test_goods_only_grow_keep_their_order_and_none_is_lost(running):
    order = running(8, quantity=4)
    record(order, status="In progress", accounts=["a", "b"])
    record(order, status="In progress", accounts=["b"])
    record(order, status="In progress", accounts=None)
    record(order, status="In progress", accounts=["c", "b", "a"])
    assert [item.text for item in order.items.all()] == ["a", "b", "c"]
    record(order, status="Completed", accounts=["a", "b", "c", "c"], remains=0)
    assert [item.text for item in order.items.all()] == ["a", "b", "c", "c"]
    assert order.state == states.COMPLETED


def test_goods_with_anything_in_them_are_kept_as_they_are(running):
    order = running(8, quantity=2)
    texts = ["<b>user</b>:p\x00w\n{{ x }}", "用户:" + "пароль" * 500]
    record(order, status="Completed", accounts=texts)
    assert [item.text for item in order.items.all()] == texts


def test_a_service_never_keeps_accounts(running):
    order = running(1)
    record(order, status="In progress", accounts=["x"], remains=5)
    assert order.items.count() == 0


@pytest.mark.parametrize("kind", ["http_500", "html", "broken_json", "lost_after", "http_429", "wrong_key"])
def test_a_bad_answer_ends_nothing(running, sandbox, kind):
    order = running()
    sandbox.fault(kind, action="status", times=1)
    due_now()
    poll.poll_due()
    order.refresh_from_db()
    assert order.state == states.RUNNING
    assert order.next_poll_at > timezone.now()


def test_an_order_the_vendor_does_not_know_any_more_keeps_its_money_and_alerts(running, sandbox):
    order = running()
    sandbox.fault("words", action="status", times=1, words="Order not found")
    due_now()
    poll.poll_due()
    order.refresh_from_db()
    assert order.state == states.RUNNING
    assert order.hold.state == "OPEN"
    assert Alert.objects.filter(key=f"order:{order.pk}:mute", resolved_at=None).exists()


def test_an_odd_answer_is_flagged_for_the_operator(running):
    order = record(running(), status="Paused <script>", remains=-4)
    assert "unknown status" in order.flag
    assert Alert.objects.filter(key=f"order:{order.pk}:odd").exists()


def test_figures_that_no_column_holds_do_not_stop_an_order(running):
    order = record(running(), status="In progress", remains=2**70, start_count=-(2**70))
    assert order.state == states.RUNNING
    assert order.start_count is None


class TestTheFirstCharge:
    def test_that_fits_changes_nothing(self, running):
        order = running()
        record(order, status="In progress", charge=order.cost, remains=50)
        assert Service.objects.get(pk=order.service_id).state == "ON_SALE"

    @pytest.mark.parametrize("times", [Decimal(1000), Decimal("0.001")])
    def test_that_does_not_fit_takes_the_service_off_sale(self, running, times):
        order = running(2)
        record(order, status="In progress", charge=order.cost * times, remains=1)
        assert Service.objects.get(pk=order.service_id).state == "SUSPENDED"
        assert Alert.objects.filter(key=f"service:{order.service_id}:cost", severity="CRITICAL").exists()

    def test_of_a_canceled_order_is_no_sign(self, running):
        order = running(2)
        record(order, status="Canceled", charge=Decimal(0), remains=1)
        assert Service.objects.get(pk=order.service_id).state == "ON_SALE"


def test_settling_twice_pays_once(running, now):
    order = running()
    verdict = Verdict(states.PARTIAL, order.quantity // 2)
    first = settle(order_id=order.pk, verdict=verdict, now=now)
    again = settle(order_id=order.pk, verdict=Verdict(states.COMPLETED, order.quantity), now=now)
    assert (first.state, again.state) == (states.PARTIAL, states.PARTIAL)
    order.hold.refresh_from_db()
    assert order.hold.captured == order.charge * (order.quantity // 2) / order.quantity


def test_an_order_that_another_worker_asks_for_is_left_to_it(running, sandbox):
    first, second = running(1), running(2)
    due_now()
    now = timezone.now()
    claims.take(Order, [first.pk], until=now + timedelta(seconds=40), now=now)
    assert poll.poll_due() == 1
    assert list(Claim.objects.values_list("target", flat=True)) == [first.pk], "the other's claim stays its own"
    second.refresh_from_db()
    assert second.next_poll_at > now
    Claim.objects.update(until=timezone.now())
    assert poll.poll_due() == 1, "that worker vanished"


def test_an_answer_that_could_not_be_written_is_asked_for_when_its_claim_is_over(running, sandbox, monkeypatch):
    running(1)
    due_now()
    monkeypatch.setattr(poll, "_nothing_new", lambda *_given: False)
    monkeypatch.setattr(poll, "record", lambda **_given: 1 / 0)
    assert poll.poll_due() == 1
    assert poll.poll_due() == 0, "not again and again at once"
    Claim.objects.update(until=timezone.now())
    assert poll.poll_due() == 1
