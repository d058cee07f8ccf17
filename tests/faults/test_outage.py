"""A vendor that is down is left alone, and when it is back what waited goes out, the oldest first."""

import time

import pytest
from django.utils import timezone

from core.models import Alert
from orders import poll, states, submit
from orders import tasks as order_tasks
from orders.models import Attempt, Order
from reseller.books import audit
from sms import acquire, buy, listen
from sms.models import Purchase
from tests.orders.conftest import catalogue, placed, rich, sandbox
from tests.sms.conftest import projects
from upstream import client as client_module
from upstream import forwarding, pace
from upstream.models import PaceState
from upstream.probe import PAUSED, probe

__all__ = ["catalogue", "placed", "projects", "rich", "sandbox"]

# Questions are put from threads of their own, whose connections must see the pace's rows and get at them.
pytestmark = pytest.mark.django_db(transaction=True)

SMM = 1
# An outage lasts for so long and for so many rounds of beat, however slow the machine.
SECONDS = 3.0
ROUNDS = 40


@pytest.fixture(params=["redis", "database"])
def kept(request, settings, monkeypatch):
    """Where the pace is kept; rests are short enough to see many of them."""
    if request.param == "database":
        settings.CELERY_BROKER_URL = "memory://"
    monkeypatch.setattr(pace, "FIRST_REST", 0.2)
    monkeypatch.setattr(pace, "LONGEST_REST", 0.8)
    monkeypatch.setattr(forwarding, "LONGEST_UNSENT_BACKOFF", 0.1)
    return request.param


def another_process():
    """Nothing is remembered but what all share: a fresh client with a fresh pace, as another worker has."""
    pace._pace.cache_clear()
    client_module._client.cache_clear()


def allowed(seconds):
    """Calls that the breaker allows in that time: the streak that opens it, and a trial after each rest."""
    calls, openings = pace.STREAK, 1
    while (seconds := seconds - pace.rest_after(openings)) > 0:
        calls, openings = calls + 1, openings + 1
    return calls + 1


def one_round():
    """What beat has the workers do every other second."""
    now = timezone.now()
    another_process()
    for pk in forwarding.sweep(Order, now=now):
        submit.submit(order_id=pk)
    another_process()
    for pk in forwarding.sweep(Purchase, now=now):
        acquire.acquire(purchase_id=pk)
    another_process()
    poll.poll_due()
    listen.listen_due()
    another_process()
    probe(now=now)


def bought(project, customer, now):
    return buy.numbers(customer=customer, project_id=project.pk, quantity=1, now=now)


@pytest.fixture
def busy(placed, projects, rich, sandbox, now):
    """A shop with running orders and live numbers that are due, and with both waiting to go out."""
    project = projects[sandbox.vendor.projects_that("code", country="us")[0]]
    running = [placed(SMM) for _ in range(3)]
    for order in running:
        assert submit.submit(order_id=order.pk) == states.RUNNING
    live = bought(project, rich, now)
    acquire.acquire(purchase_id=live.pk)
    Order.objects.filter(state=states.RUNNING).update(next_poll_at=now)
    waiting = [placed(SMM, link=f"https://instagram.com/waits{n}") for n in range(12)]
    return waiting, [bought(project, rich, now) for _ in range(4)]


def calls_made(sandbox, fault):
    """Calls that were made of it: counted by the vendor, and by the breaker where nobody listens."""
    if fault == "refused":
        weather = pace.current_pace().weather()
        return weather.all.failures + weather.buy.failures
    return sandbox.received.total()


@pytest.mark.parametrize("fault", ["refused", "http_500", "http_429"])
def test_nothing_hammers_a_vendor_that_is_down_and_the_oldest_go_out_first(kept, busy, sandbox, settings, fault):
    waiting, _numbers = busy
    vendor_url = sandbox.url
    if fault == "refused":
        settings.UPSTREAM_URL = "http://127.0.0.1:9/api/v2"
    else:
        sandbox.fault(fault, **({"retry_after": 0} if fault == "http_429" else {}))
    before = calls_made(sandbox, fault) if fault != "refused" else 0
    tries_before = sum(Order.objects.values_list("tries", flat=True))
    began = time.monotonic()
    rounds = 0
    while rounds < ROUNDS or time.monotonic() < began + SECONDS:
        one_round()
        rounds += 1
        time.sleep(0.02)
    made = calls_made(sandbox, fault) - before
    # Where the breaker counts, a failed purchase counts at both gates.
    twice = pace.STREAK if fault == "refused" else 0
    assert 2 <= made <= allowed(time.monotonic() - began) + twice

    # What was not tried does not count as a try, and leaves no attempt behind.
    tries = sum(Order.objects.values_list("tries", flat=True)) - tries_before
    assert tries <= pace.STREAK
    assert Attempt.objects.filter(outcome="NOT_SENT").count() <= pace.STREAK

    settings.UPSTREAM_URL = vendor_url
    sandbox.clear()
    still = list(Order.objects.filter(state=states.PLACED).order_by("pk").values_list("link", flat=True))
    assert len(still) >= len(waiting) - pace.STREAK
    already = len(sandbox.vendor.purchases)
    began = time.monotonic()
    while Order.objects.filter(state=states.PLACED).exists() and time.monotonic() < began + 30:
        one_round()
        time.sleep(0.02)
    # Nobody sits out a rest of its own: all are out as soon as the breaker lets them.
    sent = [purchase.link for purchase in list(sandbox.vendor.purchases)[already:] if "waits" in purchase.link]
    assert sent == still
    assert not Purchase.objects.filter(state=states.PLACED).exists()
    assert pace.current_pace().weather().state == "closed"
    assert audit().problems == []


def test_a_nudge_does_not_pass_those_that_wait_for_the_sweep(placed, now):
    old, young = placed(SMM), placed(SMM)
    Order.objects.filter(pk=old.pk).update(not_before=now - forwarding.OVERDUE * 2)
    order_tasks.submit_order(order_id=young.pk, nudged=True)
    young.refresh_from_db()
    assert young.state == states.PLACED
    order_tasks.submit_order(order_id=old.pk, nudged=True)
    order_tasks.submit_order(order_id=young.pk, nudged=True)
    assert set(Order.objects.values_list("state", flat=True)) == {states.RUNNING}


def test_a_sweep_hands_out_what_the_budget_lets_out_and_the_oldest(placed, settings):
    settings.UPSTREAM_MAX_PER_SECOND, settings.UPSTREAM_MAX_CONCURRENCY = 1.0, 1
    orders = [placed(SMM) for _ in range(6)]
    assert forwarding.sweep(Order, now=timezone.now()) == [order.pk for order in orders[:3]]


class TestTheAlert:
    @pytest.fixture
    def paused(self, kept, placed, sandbox, settings):
        settings.UPSTREAM_PAUSE_ALERT_MINUTES = 0.005
        sandbox.fault("wrong_key")
        submit.submit(order_id=placed(SMM).pk)
        return sandbox

    def open_alerts(self):
        return set(Alert.objects.filter(resolved_at=None).values_list("key", flat=True))

    def test_is_raised_once_it_lasts_and_closed_when_calls_flow(self, paused):
        probe(now=timezone.now())
        assert self.open_alerts() == {"upstream:key"}
        time.sleep(0.4)
        probe(now=timezone.now())
        probe(now=timezone.now())
        assert self.open_alerts() == {"upstream:key", PAUSED}
        told = Alert.objects.get(key=PAUSED)
        assert told.times == 1
        assert "it rejects our key" in told.subject
        paused.clear()
        another_process()
        _end_the_rest()
        probe(now=timezone.now())
        assert self.open_alerts() == set()


def _end_the_rest():
    """Let the rest of a minute be over: the state is where the pace keeps it, and so is its end."""
    keeper = pace.current_pace()
    if isinstance(keeper, pace.RedisPace):
        keeper.redis.hset("pace", "all.until", 1)
    else:
        PaceState.objects.update(open_until=1)
