"""Whatever the vendor says in whatever order, and whatever an operator refunds: the books hold."""

from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import User
from catalog.models import Category, Service
from catalog.pricing import NoMarkup, price_of
from orders import place, poll, states
from orders.models import Order
from orders.refund import refund
from reseller.books import audit
from tests.examples import examples
from upstream.replies import Status
from wallet import ledger

statuses = st.builds(
    Status,
    status=st.sampled_from(["Pending", "In progress", "Completed", "Partial", "Canceled", "Fail", "Odd"]),
    remains=st.none() | st.integers(-50, 2000),
    charge=st.none() | st.sampled_from([Decimal(0), Decimal("0.01"), Decimal(5)]),
    accounts=st.none() | st.lists(st.sampled_from(["a:1", "b:2", "c:3"]), max_size=5),
)
rates = st.integers(1, 9_000_000).map(lambda micros: Decimal(micros).scaleb(-6))


@pytest.mark.django_db
class TestOrders(TestCase):
    @settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        rate=rates,
        product=st.booleans(),
        quantity=st.integers(1, 1000),
        answers=st.lists(statuses, min_size=1, max_size=8),
        refunds=st.lists(rates, max_size=4),
    )
    def test_no_answers_and_refunds_pay_out_more_than_was_charged(self, rate, product, quantity, answers, refunds):
        now = timezone.now()
        customer = User.objects.create_user("player@example.com")
        account = ledger.account_of(customer)
        ledger.deposit(account=account, amount=Decimal(10_000), key="in", now=now)
        service = Service.objects.create(
            upstream_id=1,
            name="Anything",
            entity=Service.Entity.PRODUCT if product else Service.Entity.SMM,
            category=Category.objects.create(name="All"),
            rate=rate,
            price=price_of(rate, NoMarkup()),
            unit=1 if product else 1000,
            min=1,
            max=1000,
            search_text="anything",
            first_seen_at=now,
            changed_at=now,
        )
        order = place.order(
            customer=customer, service_id=service.pk, quantity=quantity, link="https://x.com/a", now=now
        )
        Order.objects.filter(pk=order.pk).update(state=states.RUNNING, upstream_id=7, accepted_at=now)
        for status in answers:
            poll.record(order=order, status=status, now=timezone.now())
        for number, amount in enumerate(refunds):
            try:
                refund(order_id=order.pk, amount=amount, key=str(number), operator=customer, reason="r", now=now)
            except ledger.LedgerError:
                continue
        order.refresh_from_db()
        account.refresh_from_db()
        assert audit().problems == []
        hold = order.hold
        assert 0 <= hold.refunded <= hold.captured <= order.charge
        assert account.balance == Decimal(10_000) - hold.captured + hold.refunded
        assert account.held == (order.charge if order.is_open else 0)
        if not order.is_open:
            assert hold.captured * quantity >= order.charge * order.delivered
            assert (
                hold.captured - Decimal("0.000001")
            ) * quantity < order.charge * order.delivered or not hold.captured
