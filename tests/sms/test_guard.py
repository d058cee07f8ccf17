"""Before a purchase of numbers is sent: it does not go out below cost, and one that is late says so."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from catalog import below_cost
from core.models import Alert
from reseller.books import audit
from sms import acquire, late, resolve, states
from sms.below_cost import GUARD
from sms.models import Project, Purchase
from upstream import forwarding
from wallet import ledger

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


@pytest.fixture
def dear(bought, project):
    """A purchase of two numbers whose cost rose while it waited."""
    purchase = bought(quantity=2)
    Project.objects.filter(pk=project.pk).update(cost=project.cost * 10, price=project.price * 10)
    return purchase


def open_alert(purchase):
    return Alert.objects.filter(key=below_cost.alert_key(purchase), resolved_at=None)


class TestBelowCost:
    def test_a_purchase_is_held_for_the_operator(self, dear, sandbox):
        assert acquire.acquire(purchase_id=dear.pk) == states.PLACED
        assert acquire.acquire(purchase_id=dear.pk) is None
        assert open_alert(dear).get().times == 1
        assert forwarding.due(Purchase, now=timezone.now() + timedelta(days=1), limit=9) == []
        assert sandbox.received["add_sms"] == 0
        assert ledger.account_of(dear.customer).held == dear.total

    def test_is_refused_with_the_money_back_where_the_setting_says_so(self, dear, settings):
        settings.BELOW_COST = "refuse"
        assert acquire.acquire(purchase_id=dear.pk) == states.REJECTED
        dear.refresh_from_db()
        assert (dear.state, dear.reason) == (states.REJECTED, "PRICE_ROSE")
        assert ledger.account_of(dear.customer).held == 0

    def test_goes_out_where_the_setting_says_so(self, dear, settings):
        settings.BELOW_COST = "send"
        assert acquire.acquire(purchase_id=dear.pk) == states.RUNNING

    def test_it_goes_out_by_itself_when_the_cost_falls_again(self, dear):
        acquire.acquire(purchase_id=dear.pk)
        assert below_cost.release(GUARD, now=timezone.now()) == 0
        Project.objects.filter(pk=dear.project_id).update(cost=dear.cost)
        assert below_cost.release(GUARD, now=timezone.now()) == 1
        assert not open_alert(dear).exists()
        assert acquire.acquire(purchase_id=dear.pk) == states.RUNNING

    def test_an_operator_sends_it_all_the_same(self, dear, operator, client):
        acquire.acquire(purchase_id=dear.pk)
        client.force_login(operator)
        page = client.get(reverse("admin:sms_purchase_change", args=[dear.pk])).content.decode()
        assert "Held back: below cost" in page
        assert "let-go" in page
        act = reverse("admin:sms_purchase_let_go", args=[dear.pk])
        assert "Cost now" in client.get(act).content.decode()
        client.post(act, {"reason": "a good customer"})
        assert not open_alert(dear).exists()
        assert acquire.acquire(purchase_id=dear.pk) == states.RUNNING

    def test_it_is_let_go_and_tried_again_only_as_what_it_is(self, dear, bought, operator, now):
        acquire.acquire(purchase_id=dear.pk)
        said = {"operator": operator, "reason": "why", "now": now}
        with pytest.raises(resolve.CantResolve, match=f"{dear.pk} is held back"):
            resolve.send_now(purchase_id=dear.pk, **said)
        fine = bought()
        with pytest.raises(resolve.CantResolve, match=f"{fine.pk} is not held back"):
            resolve.let_go(purchase_id=fine.pk, **said)
        assert open_alert(dear).exists()
        assert forwarding.due(Purchase, now=now + timedelta(days=1), limit=9) == [fine.pk]

    def test_an_operator_gives_it_up_and_the_customer_reads_why(self, dear, operator, now):
        acquire.acquire(purchase_id=dear.pk)
        resolve.give_up(purchase_id=dear.pk, operator=operator, reason="too dear", now=now)
        dear.refresh_from_db()
        assert dear.get_reason_display() == "The price rose before it could go out."
        assert ledger.account_of(dear.customer).held == 0


class TestALatePurchase:
    def test_says_so_on_the_board_that_is_open(self, bought, rich, client):
        purchase = bought()
        client.force_login(rich)
        page = client.get(reverse("sms:board"))
        assert "Getting your number" in page.content.decode()
        since = page.context["version"]
        assert client.get(reverse("sms:board"), {"since": since}).status_code == 204
        Purchase.objects.update(placed_at=purchase.placed_at - late.LATE * 2)
        later = client.get(reverse("sms:board"), {"since": since})
        assert later.status_code == 200
        assert "Delayed: it will go out by itself" in later.content.decode()
