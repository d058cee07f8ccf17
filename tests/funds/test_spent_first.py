"""Ways around what is owed: money that was on hold when its payment was taken back, and payments that come too late."""

from decimal import Decimal

import pytest

from catalog.models import Service
from core.models import Alert
from funds.hear import hear
from funds.models import Debt, Method, TopUp
from funds.take_back import take_back
from funds.words import Reversal, Standing, Word
from orders import place
from orders.models import Plan
from orders.plans import begin as plans
from orders.plans import stop
from sms import buy
from tests.funds.conftest import OPENED, balance, later
from tests.orders.conftest import catalogue, sandbox
from tests.sms.conftest import project, projects
from wallet import ledger

__all__ = ["catalogue", "project", "projects", "sandbox"]
pytestmark = pytest.mark.django_db
LINK = "https://instagram.com/name"


def word(top_up, received):
    return Word(
        variant=top_up.variant,
        token=top_up.token,
        transaction_id=f"tx{top_up.pk}",
        standing=Standing.PAID,
        received=Decimal(received),
        currency="USD",
        payment_id="pi",
    )


def told(subject):
    return Alert.objects.filter(subject__startswith=subject, resolved_at=None).exists()


@pytest.fixture
def top_up(customer, now):
    method = Method.objects.create(provider="stripe", name="Card")
    return TopUp.objects.create(
        customer=customer,
        method=method,
        variant="stripe",
        currency="USD",
        amount=Decimal(25),
        total=Decimal(25),
        form_key="f",
        created_at=now,
        changed_at=now,
        expires_at=later(now, hours=1),
    )


@pytest.fixture
def parked(top_up, customer, catalogue, now):
    """All that the customer has is on hold for a plan, their payment is taken back, and then the plan is stopped."""
    hear(word(top_up, 25), now=now)
    service = Service.objects.filter(entity="SMM").first()
    Service.objects.filter(pk=service.pk).update(rate=Decimal(1), price=Decimal(1), unit=1, min=1, max=1000)
    wish = {"customer": customer, "service_id": service.pk, "link": LINK, "now": now}
    plan = plans.plan(**wish, quantity=int(OPENED + 25), runs=1, interval=0, start_at=later(now, days=30))
    debt = take_back(Reversal("stripe", "pi", Debt.Kind.DISPUTE, "dp_1", Decimal(25), "USD"), provider=None, now=now)
    assert debt.left == 25
    stop.stop(plan_id=plan.pk, reason=Plan.Reason.BY_CUSTOMER, customer=customer, now=now)
    assert ledger.account_of(customer).available == OPENED + 25
    return service


class TestWhatIsOwedIsPaidFirst:
    def test_before_an_order(self, parked, customer, now):
        wish = {"customer": customer, "service_id": parked.pk, "link": LINK, "now": now}
        with pytest.raises(ledger.InsufficientFunds):
            place.order(**wish, quantity=51)
        place.order(**wish, quantity=50)
        assert (Debt.objects.get().state, balance(customer)) == (Debt.State.PAID, OPENED)

    def test_before_a_plan(self, parked, customer, now):
        wish = {"customer": customer, "service_id": parked.pk, "link": LINK, "now": now}
        with pytest.raises(ledger.InsufficientFunds):
            plans.plan(**wish, quantity=51, runs=1, interval=0, start_at=later(now, days=30))

    def test_before_numbers(self, parked, project, customer, now):
        project.price = project.cost = Decimal(51)
        project.save()
        with pytest.raises(ledger.InsufficientFunds):
            buy.numbers(customer=customer, project_id=project.pk, quantity=1, now=now)


def test_what_comes_for_a_closed_account_waits_for_an_operator(top_up, customer, now):
    customer.is_active = False
    customer.save()
    hear(word(top_up, 25), now=now)
    top_up.refresh_from_db()
    assert (top_up.state, balance(customer)) == (TopUp.State.REVIEW, OPENED)


def test_what_comes_on_top_of_what_was_credited_is_told(top_up, customer, now):
    hear(word(top_up, 10), now=now)
    hear(word(top_up, 10), now=now)
    hear(word(top_up, 8), now=now)
    assert not told("More came")
    hear(word(top_up, 25), now=now)
    assert told("More came")
    assert balance(customer) == OPENED + 10
