"""Forwarding where two hands meet: a claim that was lost meanwhile, an answer after a decision, a database that is
away just when an outcome comes."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError
from django.utils import timezone

from core.models import Alert
from orders import resolve, states, submit
from orders.models import Attempt
from reseller.books import audit
from tests.orders.conftest import catalogue, placed, rich
from tests.still import sandbox
from upstream import forwarding
from upstream.pace import current_pace
from wallet import ledger

__all__ = ["catalogue", "placed", "rich", "sandbox"]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


def held(order):
    return ledger.account_of(order.customer).held


def open_alerts():
    return list(Alert.objects.filter(resolved_at=None).values_list("key", flat=True))


def lose_lease():
    assert forwarding.expire_leases(submit.DESK, now=timezone.now() + timedelta(hours=1)) == 1


class Overtaken(type(submit.DESK)):
    """The desk of orders, where `meanwhile` happens after the claim and before the vendor is asked."""

    def __init__(self, meanwhile):
        self.meanwhile = meanwhile

    def send(self, order, request):
        self.meanwhile()
        return super().send(order, request)


def refuses(sandbox, settings):
    sandbox.fault("words", action="add", times=1, words="Service not found")


def has_no_funds(sandbox, settings):
    sandbox.vendor.balance = Decimal(0)


def is_away(sandbox, settings):
    settings.UPSTREAM_URL = "http://127.0.0.1:9/api/v2"


def is_left_alone(sandbox, settings):
    pace = current_pace()
    pace.trip(pace.enter(lease=10), "slow down", "HTTP 429", 60)


def loses_its_answer(sandbox, settings):
    sandbox.fault("lost_after", action="add", times=1)


VENDORS = [refuses, has_no_funds, is_away, is_left_alone, loses_its_answer]


class TestAWorkerWhoseLeaseIsOver:
    @pytest.fixture
    def order(self, placed):
        return placed(1)

    @pytest.fixture
    def given_up(self, order, operator, now):
        def decide():
            lose_lease()
            resolve.give_up(order_id=order.pk, operator=operator, reason="gone", now=now)

        return decide

    @pytest.mark.parametrize("vendor", VENDORS)
    def test_changes_nothing_that_was_decided(self, order, given_up, sandbox, settings, vendor):
        vendor(sandbox, settings)
        assert forwarding.forward(Overtaken(given_up), pk=order.pk) is None
        order.refresh_from_db()
        assert (order.state, order.tries, held(order)) == (states.REJECTED, 1, 0)
        assert order.attempts.get().detail == "the worker that sent it vanished"
        assert open_alerts() == []

    @pytest.mark.parametrize(
        ("vendor", "state", "outcome"),
        [
            (refuses, states.REJECTED, "REFUSED"),
            (has_no_funds, states.PLACED, "REFUSED"),
            (is_away, states.PLACED, "NOT_SENT"),
            (is_left_alone, states.PLACED, None),
        ],
    )
    def test_settles_the_doubt_by_an_answer_that_leaves_none(self, order, sandbox, settings, vendor, state, outcome):
        vendor(sandbox, settings)
        assert forwarding.forward(Overtaken(lose_lease), pk=order.pk) == state
        order.refresh_from_db()
        assert order.state == state
        assert held(order) == (0 if state == states.REJECTED else order.charge)
        assert [attempt.outcome for attempt in order.attempts.all()] == ([outcome] if outcome else [])
        assert f"order:{order.pk}:uncertain" not in open_alerts()

    def test_keeps_the_doubt_when_it_got_no_answer_either(self, order, sandbox, settings):
        loses_its_answer(sandbox, settings)
        assert forwarding.forward(Overtaken(lose_lease), pk=order.pk) is None
        order.refresh_from_db()
        assert (order.state, held(order)) == (states.UNCERTAIN, order.charge)
        assert order.events.filter(kind="UNCERTAIN").count() == 1


def test_an_outcome_that_is_recorded_twice_counts_once(placed, sandbox):
    order = placed(1)
    claimed, request = forwarding._claim(submit.DESK, order.pk)
    bought = submit.DESK.send(claimed, request)
    assert forwarding._accepted(submit.DESK, claimed, bought) == states.RUNNING
    # The database had committed, and lost its word: the worker tries again, and nobody is alarmed.
    assert forwarding._accepted(submit.DESK, claimed, bought) is None
    assert order.attempts.get().outcome == "ACCEPTED"
    assert open_alerts() == []


class Unrecorded(type(submit.DESK)):
    """The desk of orders, where the database is away for the first `times` tries to record what was bought."""

    def __init__(self, times):
        self.left = times

    def on_accepted(self, order, bought, now):
        if self.left:
            self.left -= 1
            raise OperationalError("server closed the connection unexpectedly")
        return super().on_accepted(order, bought, now)


@pytest.mark.django_db(transaction=True)
def test_an_outcome_is_tried_once_more_after_the_last_pause(placed, sandbox, monkeypatch):
    monkeypatch.setattr(forwarding, "RECORD_PAUSES", (0, 0, 0))
    order = placed(1)
    assert forwarding.forward(Unrecorded(3), pk=order.pk) == states.RUNNING
    assert order.attempts.get().outcome == "ACCEPTED"


@pytest.mark.django_db(transaction=True)
def test_an_outcome_that_could_not_be_recorded_at_all_is_a_doubt_in_the_end(placed, sandbox, monkeypatch):
    monkeypatch.setattr(forwarding, "RECORD_PAUSES", (0, 0, 0))
    order = placed(1)
    with pytest.raises(OperationalError):
        forwarding.forward(Unrecorded(4), pk=order.pk)
    assert submit.submit(order_id=order.pk) is None, "nobody sends it again"
    lose_lease()
    order.refresh_from_db()
    assert (order.state, held(order)) == (states.UNCERTAIN, order.charge)


def test_in_a_transaction_that_is_lost_nothing_is_tried_again(placed, sandbox):
    order, desk = placed(1), Unrecorded(2)
    with pytest.raises(OperationalError):
        forwarding.forward(desk, pk=order.pk)
    assert desk.left == 1


class TestADoubtThatARestoredDatabaseMakes:
    def test_leaves_alone_what_is_past_it(self, placed, sandbox, now):
        order = placed(1)
        submit.submit(order_id=order.pk)
        assert not forwarding.doubt(submit.DESK, pk=order.pk, why="restored", now=now)
        order.refresh_from_db()
        assert order.state == states.RUNNING

    def test_is_settled_by_the_call_that_was_under_way(self, placed, sandbox, now):
        order = placed(1)
        claimed, request = forwarding._claim(submit.DESK, order.pk)
        assert forwarding.doubt(submit.DESK, pk=order.pk, why="restored", now=now)
        assert order.attempts.get().outcome == "UNANSWERED"
        bought = submit.DESK.send(claimed, request)
        assert forwarding._accepted(submit.DESK, claimed, bought) == states.RUNNING
        assert order.attempts.get().outcome == "ACCEPTED"

    def test_is_not_settled_by_a_call_that_was_over(self, placed, sandbox, settings, now):
        order = placed(1)
        settings.UPSTREAM_URL = "http://127.0.0.1:9/api/v2"
        assert submit.submit(order_id=order.pk) == states.PLACED
        assert forwarding.doubt(submit.DESK, pk=order.pk, why="restored", now=now)
        order.refresh_from_db()
        assert (order.state, order.claim) == (states.UNCERTAIN, "")
        assert order.attempts.get().outcome == "NOT_SENT", "what is known of that call stays known"


@pytest.mark.parametrize(("lost", "outcomes"), [(1, ["FOUND"]), (2, ["UNANSWERED", "UNANSWERED"])])
def test_which_call_the_vendor_has_is_noted_only_where_it_can_be_one(placed, sandbox, operator, now, lost, outcomes):
    order = placed(1)
    sandbox.fault("lost_after", action="add", times=lost)
    submit.submit(order_id=order.pk)
    for _ in range(lost - 1):
        resolve.send_again(order_id=order.pk, operator=operator, reason="not there", now=now)
        submit.submit(order_id=order.pk)
    number = next(iter(sandbox.vendor.purchases)).order
    resolve.found(order_id=order.pk, upstream_id=number, operator=operator, reason="seen", now=now)
    assert list(Attempt.objects.order_by("pk").values_list("outcome", flat=True)) == outcomes
    order.refresh_from_db()
    assert (order.state, order.upstream_id) == (states.RUNNING, number)
