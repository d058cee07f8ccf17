"""A customer's limits: what they spend in a day, how fast they buy, how many numbers they have at once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.models import Alert
from orders import mass, place, place_many
from orders.models import Order
from orders.plans import begin
from orders.settle import settle
from orders.verdict import ended
from sms import buy, states, success
from sms.models import Number, Purchase, SuccessRate
from wallet import ledger, permit
from wallet.models import Hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(customer, service, now):
    """`order()` buys for $1.25."""

    def order(at=now, quantity=1000, **more):
        return place.order(
            customer=customer,
            service_id=service.pk,
            quantity=quantity,
            link="https://a.example",
            now=at,
            **more,
        )

    return order


def limited(customer, **limits):
    for name, value in limits.items():
        setattr(customer, name, value)
    customer.save()


def test_spending_in_a_day_is_limited_and_what_came_back_does_not_count(customer, order, make, now):
    limited(customer, limit_spend_a_day=Decimal("2.50"))
    first = make.running()
    order()
    with pytest.raises(place.NotNow, match=r"\$2\.50 in 24 hours, and \$0\.00 of it are left"):
        order()
    settle(order_id=first.pk, verdict=ended(1000, 0), now=now)
    order()
    with pytest.raises(place.NotNow):
        order()
    order(at=now + timedelta(hours=25))


def test_a_plan_counts_with_all_of_its_runs(customer, service, order, now):
    limited(customer, limit_spend_a_day=Decimal(3))
    wish = {"service_id": service.pk, "quantity": 1000, "link": "https://a.example", "interval": 5, "now": now}
    with pytest.raises(place.NotNow):
        begin.plan(customer=customer, runs=3, **wish)
    begin.plan(customer=customer, runs=2, **wish)
    with pytest.raises(place.NotNow):
        order()
    assert permit.spent(ledger.account_of(customer), since=now - permit.DAY) == Decimal("2.50")


def test_purchases_in_a_minute_are_limited_and_the_answer_says_when_to_come_again(customer, order, project, now):
    limited(customer, limit_purchases_a_minute=2)
    buy.numbers(customer=customer, project_id=project.pk, quantity=5, now=now)  # one purchase
    order(at=now + timedelta(seconds=20))
    with pytest.raises(place.NotNow, match=r"purchases in a minute is 2\. Try again in 30 s"):
        order(at=now + timedelta(seconds=30))
    with pytest.raises(buy.NotNow) as refused:
        buy.numbers(customer=customer, project_id=project.pk, quantity=1, now=now + timedelta(seconds=30))
    assert refused.value.until == now + timedelta(minutes=1)
    order(at=now + timedelta(seconds=61))


def test_a_mass_order_stops_at_the_limit_and_keeps_the_rest_in_the_box(customer, service, now):
    limited(customer, limit_purchases_a_minute=2)
    text = "\n".join(f"{service.pk} | https://a.example/{number} | 1000" for number in range(4))
    sheet = mass.check(customer=customer, lines=mass.read(text), form_key="f" * 32, done={})
    agreed = {row.agreement: (row.quote.price, row.quote.unit) for row in sheet.rows if row.quote}
    outcome = place_many.place_many(customer=customer, sheet=sheet, agreed=agreed, now=now)
    assert (len(outcome.placed), len(outcome.left)) == (2, 2)
    assert all("purchases in a minute is 2" in row.problem for row in outcome.left)
    assert Order.objects.count() == 2


def test_numbers_at_once_are_limited_until_one_ends(customer, project, now):
    limited(customer, limit_active_numbers=3)
    bought = buy.numbers(customer=customer, project_id=project.pk, quantity=2, now=now)
    with pytest.raises(buy.NotNow, match="numbers at once is 3, and 2 are active"):
        buy.numbers(customer=customer, project_id=project.pk, quantity=2, now=now)
    buy.numbers(customer=customer, project_id=project.pk, quantity=1, now=now)
    slot = bought.slots.first()
    number = number_of(slot, 1, now, state=states.RECEIVED)
    ledger.capture(hold=slot.hold, amount=slot.hold.amount, key="c", now=now)
    with pytest.raises(buy.NotNow):  # paid for, and still in use
        buy.numbers(customer=customer, project_id=project.pk, quantity=1, now=now)
    Number.objects.filter(pk=number.pk).update(state=states.FINISHED, finished_at=now)
    buy.numbers(customer=customer, project_id=project.pk, quantity=1, now=now)


def number_of(slot, upstream_id, now, **more):
    return Number.objects.create(
        **{"purchase": slot.purchase, "slot": slot, "upstream_id": upstream_id, "phone": f"+1{upstream_id}"},
        **{"received_at": now, "expires_at": now, "changed_at": now, "next_poll_at": now, **more},
    )


def test_the_shops_limit_holds_where_the_customer_has_none_of_their_own(customer, order, settings):
    settings.LIMIT_PURCHASES_A_MINUTE = 1
    order()
    with pytest.raises(place.NotNow):
        order()
    limited(customer, limit_purchases_a_minute=0)
    order()


def test_a_program_is_told_in_its_own_words(customer, service, project, secret, settings):
    settings.LIMIT_SPEND_A_DAY = Decimal(1)
    asked = {"key": secret, "action": "add", "service": service.pk, "quantity": 1000, "link": "https://a.example"}
    for path in ("/api/v2", "/api/v2/panel"):
        assert Client().post(path, asked).json()["error"].startswith("You can spend $1.00 in 24 hours"), path
    settings.LIMIT_SPEND_A_DAY = Decimal(0)
    settings.LIMIT_ACTIVE_NUMBERS = 1
    answer = (
        Client().post("/api/v2", {"key": secret, "action": "add_sms", "project_id": project.pk, "quantity": 2}).json()
    )
    assert answer["error"].startswith("Your limit of numbers at once is 1")
    assert not Hold.objects.exists()


def test_without_a_limit_a_purchase_costs_one_query_more_and_with_one_the_account_is_locked_first(customer, now):
    with CaptureQueriesContext(connection) as asked:
        permit.not_shut(customer=customer, now=now)
        permit.within_limits(customer=customer, amount=Decimal(1), now=now)
    assert len(asked) == 1
    limited(customer, limit_spend_a_day=Decimal(5))
    with CaptureQueriesContext(connection) as asked:
        permit.not_shut(customer=customer, now=now)
        permit.within_limits(customer=customer, amount=Decimal(1), now=now)
    statements = [each["sql"] for each in asked]
    counted = next(at for at, sql in enumerate(statements) if "wallet_hold" in sql)
    before = [sql for sql in statements[:counted] if '"wallet_account"' in sql]
    # SQLite's transactions take the lock when they begin.
    assert before
    assert connection.vendor == "sqlite" or "FOR UPDATE" in before[-1]


def test_few_codes_for_many_numbers_are_counted_and_alerted_until_it_is_better(customer, project, settings, now):
    settings.SMS_SUCCESS_FROM, settings.SMS_SUCCESS_BELOW = 4, 30
    for upstream_id in range(1, 6):
        bought = buy.numbers(customer=customer, project_id=project.pk, quantity=1, now=now)
        code = {"first_code_at": now} if upstream_id == 1 else {}
        number_of(bought.slots.get(), upstream_id, now, state=states.EXPIRED, finished_at=now, **code)
    assert success.count(now=now) == 1
    rate = SuccessRate.objects.get()
    assert (rate.customer, rate.numbers, rate.codes, rate.percent) == (customer, 5, 1, 20)
    key = f"customer:{customer.pk}:success"
    assert Alert.objects.get(key=key).resolved_at is None
    success.count(now=now)
    assert Alert.objects.get(key=key).times == 1
    Number.objects.update(first_code_at=now)
    success.count(now=now + timedelta(seconds=1))
    assert Alert.objects.get(key=key).resolved_at is not None
    success.count(now=now + timedelta(days=60))
    assert not SuccessRate.objects.exists()
    assert Purchase.objects.count() == 5
