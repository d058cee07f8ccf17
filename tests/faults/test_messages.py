"""What a customer reads and what an operator sees, fault by fault. No page of a customer names or quotes the vendor."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone

from catalog.models import Service
from core.models import Alert
from orders import states, submit
from orders.models import Order
from orders.tasks import sweep_placed
from reseller.books import audit
from sms import acquire, buy
from sms.models import Project, Purchase
from tests.orders.conftest import catalogue, placed, rich, sandbox
from tests.sms.conftest import projects
from upstream import forwarding

__all__ = ["catalogue", "placed", "projects", "rich", "sandbox"]

pytestmark = pytest.mark.django_db

SMM, PRODUCT = 1, 7
NOWHERE = "http://127.0.0.1:9/api/v2"
# The vendor, its words, ours for what is none of a customer's worry, and what a library says of a wire.
VENDOR = re.compile(
    r"upstream|vendor|hstock|uncertain|submitting|127\.0\.0\.1|HTTP \d|connection|broken answer|api.?key|rate.?limit|"
    r"too many|internal server|insufficient|not enough stock|less than minimal|link is required|service not found|"
    r"no numbers available|project not found|number is not available|zzz|below cost|held back",
    re.IGNORECASE,
)
DELAYED = "Delayed: it will go out by itself"
LONGER = "It takes longer than usual"
NUMBERS_LONGER = "This takes longer than usual"
DOUBT = "nobody knows whether the vendor has it"
SET_ASIDE = "stays set aside"

# Each fault of a call: what the vendor does, what the customer reads, what an operator's alert says (none: an
# empty text), and what stands beside the call in the admin. A number's call is `add_sms`, an order's `add`.
DOUBTFUL = {
    "lost_before": "no answer",
    "lost_after": "no answer",
    "hang": "no answer",
    "http_500": "HTTP 500",
    "http_502_html": "HTTP 502",
    "html": "broken answer",
    "broken_json": "broken answer",
    "slow_drip": "took too long",
}
WAITS = {
    "http_429": ("", "the vendor asks us to slow down", "it asks us to slow down"),
    "rate_limit_words": ("", "the vendor asks us to slow down", "it asks us to slow down"),
    "wrong_key": ("The vendor rejects our API key", "the vendor rejects our key", "it rejects our key"),
}
REFUSED = {
    "Not enough stock": "It is out of stock.",
    "Link is required": "The link was not accepted: check that it is public and right.",
    "Quantity is less than minimal 100": "The quantity was not accepted for this service.",
    "Service not found": "This service is no longer offered.",
    "zzz <b>unheard of</b>": "The order could not be accepted.",
}
NO_NUMBERS = {
    "No numbers available": "There are no free numbers right now. Try again later, or another country.",
    "Project not found": "This service is no longer offered in this country.",
    "Phone number is not available": "This number can&#x27;t be used again.",
    "zzz <b>unheard of</b>": "The purchase could not be accepted.",
}


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


@pytest.fixture
def project(projects, sandbox):
    return projects[sandbox.vendor.projects_that("code", country="us")[0]]


@pytest.fixture
def bought(project, rich, now):
    def bought(quantity=2):
        return buy.numbers(customer=rich, project_id=project.pk, quantity=quantity, now=now)

    return bought


@pytest.fixture
def reads(client, rich):
    """`reads(url, …)` is a page as the customer reads it, which says nothing of the vendor."""

    def reads(url, *, post=None):
        client.force_login(rich)
        response = client.post(url, post, follow=True) if post else client.get(url)
        page = response.content.decode()
        seen = re.sub(r"<(script|style)\b.*?</\1>|<svg.*?</svg>|<[^>]*>", " ", page, flags=re.S)
        assert not VENDOR.search(seen), VENDOR.search(seen)
        return page

    return reads


@pytest.fixture
def sees(client, operator):
    """`sees(url)` is a page of the admin."""

    def sees(name, *args):
        client.force_login(operator)
        return client.get(reverse(name, args=args)).content.decode()

    return sees


def order_pages(reads, order):
    """What the customer reads of an order: its own page, after the list was looked at as well."""
    reads(reverse("orders:list"))
    return reads(reverse("orders:detail", args=[order.pk]))


def alerts():
    return " | ".join(Alert.objects.filter(resolved_at=None).values_list("subject", flat=True))


def time_passes(model):
    """It was placed twenty seconds ago, and beat has run since."""
    model.objects.update(placed_at=timezone.now() - timedelta(seconds=20))
    sweep_placed()


def strikes(sandbox, settings, kind, action):
    """Have the next purchase meet a fault, with little patience of ours."""
    settings.UPSTREAM_TIMEOUT = 0.3
    details = {"hang": {"seconds": 1}, "slow_drip": {"delay": 0.2}, "http_429": {"retry_after": 60}}.get(kind, {})
    sandbox.fault(kind, action=action, times=1, **details)


class TestAnOrder:
    @pytest.mark.parametrize("kind", DOUBTFUL)
    def test_that_may_have_been_accepted(self, placed, sandbox, settings, reads, sees, kind):
        order = placed(SMM)
        strikes(sandbox, settings, kind, "add")
        assert submit.submit(order_id=order.pk) == states.UNCERTAIN
        page = order_pages(reads, order)
        assert LONGER in page
        assert "Your money stays set aside" in page
        assert f"Order {order.pk}: {DOUBT}" in alerts()
        assert DOUBTFUL[kind] in sees("admin:orders_order_change", order.pk)

    @pytest.mark.parametrize("kind", WAITS)
    def test_that_waits_for_a_vendor_that_wants_rest(self, placed, sandbox, settings, reads, sees, kind):
        subject, beside, headline = WAITS[kind]
        order = placed(SMM)
        strikes(sandbox, settings, kind, "add")
        assert submit.submit(order_id=order.pk) == states.PLACED
        time_passes(Order)
        page = order_pages(reads, order)
        assert page.count(DELAYED) == 2  # at the head, and in the timeline
        assert subject in alerts()
        assert beside in sees("admin:orders_order_change", order.pk)
        assert headline in sees("admin:index")

    def test_that_meets_nobody(self, placed, settings, reads, sees):
        settings.UPSTREAM_URL = NOWHERE
        order = placed(SMM)
        assert submit.submit(order_id=order.pk) == states.PLACED
        time_passes(Order)
        assert DELAYED in order_pages(reads, order)
        assert "no connection" in sees("admin:orders_order_change", order.pk)

    def test_that_waits_for_funds_of_ours(self, placed, sandbox, reads, sees):
        sandbox.set_balance(Decimal(0))
        order = placed(SMM)
        assert submit.submit(order_id=order.pk) == states.PLACED
        assert DELAYED in order_pages(reads, order)
        assert "Our balance with the vendor ran out" in alerts()
        assert "Insufficient balance" in sees("admin:orders_order_change", order.pk)

    @pytest.mark.parametrize("words", REFUSED)
    def test_that_is_refused(self, placed, sandbox, reads, sees, words):
        order = placed(SMM)
        sandbox.fault("words", action="add", times=1, words=words)
        assert submit.submit(order_id=order.pk) == states.REJECTED
        page = order_pages(reads, order)
        assert REFUSED[words] in page
        assert "You paid nothing" in page
        assert "unheard of" in words or words in sees("admin:orders_order_change", order.pk)
        assert "<b>unheard of" not in sees("admin:orders_order_change", order.pk)

    def test_whose_worker_vanished(self, placed, reads, sees):
        order = placed(SMM)
        assert forwarding._claim(submit.DESK, order.pk)
        assert "Pending" in order_pages(reads, order)
        forwarding.expire_leases(submit.DESK, now=timezone.now() + timedelta(hours=1))
        assert LONGER in order_pages(reads, order)
        assert DOUBT in alerts()
        assert "the worker that sent it vanished" in sees("admin:orders_order_change", order.pk)

    @pytest.mark.django_db(transaction=True)
    def test_whose_outcome_finds_the_database_away(self, placed, sandbox, reads, sees, monkeypatch):
        monkeypatch.setattr(forwarding, "RECORD_PAUSES", (0.01, 0.01, 0.01))
        order = placed(SMM)
        left = [2]

        def away(execute, sql, params, many, context):
            if sandbox.received["add"] and left[0]:
                left[0] -= 1
                raise OperationalError("server closed the connection unexpectedly")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(away):
            assert submit.submit(order_id=order.pk) == states.RUNNING
        assert left == [0]
        assert "Accepted" in order_pages(reads, order)
        assert alerts() == ""
        assert "accepted as" in sees("admin:orders_order_change", order.pk)

    def test_that_is_placed_while_the_broker_is_away(
        self, client, rich, catalogue, reads, broker_away, django_capture_on_commit_callbacks, caplog
    ):
        service = catalogue[SMM]
        url = reverse("orders:service", args=[service.pk])
        client.force_login(rich)
        form = client.get(url).context["form"]
        typed = {name: form[name].value() or "" for name in form.fields}
        with django_capture_on_commit_callbacks(execute=True):
            page = reads(url, post={**typed, "link": "https://instagram.com/name", "quantity": service.min})
        order = Order.objects.get()
        assert f"Order {order.pk} is placed." in page
        assert "Pending" in order_pages(reads, order)
        assert "not nudged" in caplog.text
        told = client.get("/readyz")
        assert told.json()["broker"] == {"ok": False, "why": "unreachable"}

    def test_whose_price_rose_while_the_form_was_open(self, client, rich, catalogue, reads):
        service = catalogue[SMM]
        url = reverse("orders:service", args=[service.pk])
        client.force_login(rich)
        form = client.get(url).context["form"]
        typed = {name: form[name].value() or "" for name in form.fields}
        Service.objects.filter(pk=service.pk).update(rate=service.rate * 3, price=service.price * 3)
        page = reads(url, post={**typed, "link": "https://instagram.com/name", "quantity": service.min})
        assert "The price rose from" in page
        assert Order.objects.count() == 0
        assert alerts() == ""

    def test_that_is_sold_out_by_the_time_it_goes_out(self, placed, sandbox, reads, sees):
        order = placed(PRODUCT, quantity=3)
        sandbox.set_service(PRODUCT, stock=1)
        assert submit.submit(order_id=order.pk) == states.REJECTED
        page = order_pages(reads, order)
        assert "It is out of stock." in page
        assert "You paid nothing" in page
        assert "1 of 3 are there" in sees("admin:orders_order_change", order.pk)

    @pytest.mark.parametrize("policy", ["hold", "refuse"])
    def test_that_would_be_sold_below_cost(self, placed, settings, reads, sees, policy):
        settings.BELOW_COST = policy
        order = placed(SMM)
        Service.objects.filter(pk=order.service_id).update(rate=order.rate * 9, price=order.price * 9)
        submit.submit(order_id=order.pk)
        page = order_pages(reads, order)
        if policy == "hold":
            assert LONGER in page
            assert DELAYED not in page
            assert f"Order {order.pk} is held back: it would be sold below cost" in alerts()
            assert "Held back: below cost" in sees("admin:orders_order_change", order.pk)
        else:
            assert "The price rose before it could go out." in page
            assert "You paid nothing" in page
            assert "The price rose before it could go out." in sees("admin:orders_order_change", order.pk)


@pytest.fixture
def broker_away(settings, monkeypatch):
    """Nobody listens where the tasks go."""
    from reseller.celery import app

    gone = "redis://127.0.0.1:9/0"
    settings.CELERY_BROKER_URL = gone
    with app.connection_for_write(gone) as lost, app.amqp.Producer(lost) as producer:
        # What `apply_async` takes unless it is told otherwise.
        monkeypatch.setattr(type(app.amqp), "producer_pool", _Pool(producer))
        yield


class _Pool:
    """A pool of the one producer that reaches nobody."""

    def __init__(self, producer):
        self.producer = producer

    def acquire(self, *args, **kwargs):
        return self.producer


class TestNumbers:
    def board(self, reads):
        return reads(reverse("sms:board"))

    @pytest.mark.parametrize("kind", DOUBTFUL)
    def test_that_may_have_been_given(self, bought, sandbox, settings, reads, sees, kind):
        purchase = bought()
        strikes(sandbox, settings, kind, "add_sms")
        assert acquire.acquire(purchase_id=purchase.pk) == states.UNCERTAIN
        page = self.board(reads)
        assert NUMBERS_LONGER in page
        assert SET_ASIDE in page
        assert f"Purchase {purchase.pk} of numbers: {DOUBT}" in alerts()
        assert DOUBTFUL[kind] in sees("admin:sms_purchase_change", purchase.pk)

    @pytest.mark.parametrize("kind", WAITS)
    def test_that_wait_for_a_vendor_that_wants_rest(self, bought, sandbox, settings, reads, sees, kind):
        subject, beside, headline = WAITS[kind]
        purchase = bought()
        strikes(sandbox, settings, kind, "add_sms")
        assert acquire.acquire(purchase_id=purchase.pk) == states.PLACED
        time_passes(Purchase)
        assert DELAYED in self.board(reads)
        assert subject in alerts()
        assert beside in sees("admin:sms_purchase_change", purchase.pk)
        assert headline in sees("admin:index")

    def test_that_meet_nobody(self, bought, settings, reads, sees):
        settings.UPSTREAM_URL = NOWHERE
        purchase = bought()
        assert acquire.acquire(purchase_id=purchase.pk) == states.PLACED
        time_passes(Purchase)
        assert DELAYED in self.board(reads)
        assert "no connection" in sees("admin:sms_purchase_change", purchase.pk)

    def test_that_wait_for_funds_of_ours(self, bought, sandbox, reads, sees):
        sandbox.set_balance(Decimal(0))
        purchase = bought()
        assert acquire.acquire(purchase_id=purchase.pk) == states.PLACED
        time_passes(Purchase)
        assert DELAYED in self.board(reads)
        assert "Our balance with the vendor ran out" in alerts()
        assert "Insufficient balance" in sees("admin:sms_purchase_change", purchase.pk)

    @pytest.mark.parametrize("words", NO_NUMBERS)
    def test_that_are_refused(self, bought, sandbox, reads, sees, words):
        purchase = bought()
        sandbox.fault("words", action="add_sms", times=1, words=words)
        assert acquire.acquire(purchase_id=purchase.pk) == states.REJECTED
        page = self.board(reads)
        assert NO_NUMBERS[words] in page
        assert "is back in your balance" in page
        admin = sees("admin:sms_purchase_change", purchase.pk)
        assert "unheard of" in words or words in admin
        assert "<b>unheard of" not in admin

    def test_whose_worker_vanished(self, bought, reads, sees):
        purchase = bought()
        assert forwarding._claim(acquire.DESK, purchase.pk)
        assert "Getting your 2 numbers" in self.board(reads)
        forwarding.expire_leases(acquire.DESK, now=timezone.now() + timedelta(hours=1))
        assert NUMBERS_LONGER in self.board(reads)
        assert DOUBT in alerts()
        assert "the worker that sent it vanished" in sees("admin:sms_purchase_change", purchase.pk)

    def test_whose_price_rose_while_the_form_was_open(self, client, rich, project, reads):
        url = reverse("sms:project", args=[project.pk])
        client.force_login(rich)
        form = client.get(url).context["form"]
        typed = {name: form[name].value() or "" for name in form.fields}
        Project.objects.filter(pk=project.pk).update(cost=project.cost * 3, price=project.price * 3)
        assert "The price rose from" in reads(url, post=typed)
        assert Purchase.objects.count() == 0

    @pytest.mark.parametrize("policy", ["hold", "refuse"])
    def test_that_would_be_sold_below_cost(self, bought, settings, reads, sees, policy):
        settings.BELOW_COST = policy
        purchase = bought()
        Project.objects.filter(pk=purchase.project_id).update(cost=purchase.cost * 9, price=purchase.price * 9)
        acquire.acquire(purchase_id=purchase.pk)
        page = self.board(reads)
        if policy == "hold":
            assert NUMBERS_LONGER in page
            assert DELAYED not in page
            assert f"Purchase {purchase.pk} of numbers is held back: it would be sold below cost" in alerts()
            assert "Held back: below cost" in sees("admin:sms_purchase_change", purchase.pk)
        else:
            assert "The price rose before it could go out." in page
            assert "is back in your balance" in page
            assert "The price rose before it could go out." in sees("admin:sms_purchase_change", purchase.pk)
