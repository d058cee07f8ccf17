"""The counted days are the sums of what happened, whatever happened."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import User
from books import audit as days_audit
from books.count import OVERLAP, count
from books.days import day_of
from books.models import CustomerDay, Day, ItemDay
from books.month import held_at, summary
from catalog.models import Category, Service
from orders import place, states
from orders.models import Order
from orders.plans import begin, run
from orders.settle import settle
from orders.verdict import ended
from reseller.books import audit
from sms import close
from sms import states as sms_states
from sms.buy import numbers
from sms.models import Country, Number, Project, Purchase, Site
from upstream.models import BalanceReading
from wallet import audit as wallet_audit
from wallet import ledger
from wallet.models import Hold, Transfer

# Near the end of a month, in the past: whatever counts, counts from the first row to the last.
BEGAN = datetime(2025, 1, 30, 12, tzinfo=UTC)


def service_of(upstream_id, **fields):
    """A service on sale."""
    category, _made = Category.objects.get_or_create(name="Social")
    figures = {"rate": Decimal("0.5"), "price": Decimal("0.9"), "unit": 1000, "min": 1, "max": 10_000}
    return Service.objects.create(
        upstream_id=upstream_id,
        name=f"Likes {upstream_id}",
        entity="SMM",
        category=category,
        first_seen_at=BEGAN,
        changed_at=BEGAN,
        **{**figures, **fields},
    )


def project_of():
    """A site in a country."""
    site = Site.objects.create(name="Site", folded="site")
    country = Country.objects.create(code="us", name="United States", region="US")
    return Project.objects.create(
        upstream_id="p", site=site, country=country, cost=Decimal("0.2"), price=Decimal("0.35"), changed_at=BEGAN
    )


def sell(customer, service, *, at, quantity=1000, delivered=None, charged=None):
    """An order that was placed and ended at one moment; `charged` is the vendor's word."""
    order = place.order(customer=customer, service_id=service.pk, quantity=quantity, link="https://e.com/a", now=at)
    Order.objects.filter(pk=order.pk).update(
        state=states.RUNNING, upstream_id=order.pk + 1000, accepted_at=at, upstream_charge=charged
    )
    pieces = quantity if delivered is None else delivered
    return settle(order_id=order.pk, verdict=ended(quantity, pieces), now=at)


def sell_number(customer, project, *, at, paid=True):
    """A number that got a code and was finished, or did not."""
    purchase = numbers(customer=customer, project_id=project.pk, quantity=1, now=at)
    Purchase.objects.filter(pk=purchase.pk).update(state=sms_states.RUNNING, accepted_at=at)
    slot = purchase.slots.get()
    number = Number.objects.create(
        purchase=purchase,
        slot=slot,
        upstream_id=purchase.pk,
        phone=f"1555{purchase.pk:06}",
        received_at=at,
        expires_at=at,
        changed_at=at,
    )
    if paid:
        close.pay(number, at)
    close.end(number, sms_states.FINISHED if paid else sms_states.EXPIRED, at)
    return number


@pytest.fixture
def customer(db):
    """Somebody with 100 USD since BEGAN."""
    person = User.objects.create_user("customer@example.com")
    ledger.deposit(account=ledger.account_of(person), amount=Decimal(100), key="opening", now=BEGAN)
    return person


def settled(now):
    """Count so long afterwards that nothing is looked at again."""
    count(now=now)
    count(now=now + OVERLAP * 2)
    count(now=now + timedelta(days=4))


# What may happen: an act, on which day, how much, to which of two customers, with which of two services.
steps = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "deposit",
                "bonus",
                "adjust",
                "deduct",
                "chargeback",
                "order",
                "partial",
                "kept",
                "number",
                "lost",
                "refund",
            ]
        ),
        st.integers(min_value=0, max_value=4),
        st.integers(min_value=1, max_value=5_000_000).map(lambda micros: Decimal(micros).scaleb(-6)),
        st.booleans(),
        st.booleans(),
    ),
    max_size=12,
)
FIELDS = {
    "deposit": "deposits",
    "bonus": "bonuses",
    "adjust": "added",
    "deduct": "deducted",
    "chargeback": "chargebacks",
}


@pytest.mark.django_db
class TestHistories(TestCase):
    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(history=steps)
    def test_the_days_are_the_sums_of_any_history(self, history):
        people = [User.objects.create_user(f"person{number}@example.com") for number in (0, 1)]
        services, project = [service_of(1), service_of(2, rate=Decimal("0.7"))], project_of()
        due = defaultdict(lambda: defaultdict(Decimal))
        for person in people:
            ledger.deposit(account=ledger.account_of(person), amount=Decimal(100), key=f"open:{person.pk}", now=BEGAN)
        due[day_of(BEGAN)]["deposits"] += 200
        # As time goes by; what is written late has a test of its own.
        for number, (act, day, amount, second, other) in enumerate(sorted(history, key=lambda step: step[1])):
            at = BEGAN + timedelta(days=day)
            if number == len(history) // 2:
                count(now=at)  # what comes later belongs to counted days as well
            person, service, told = people[second], services[other], due[day_of(at)]
            account, key = ledger.account_of(person), f"k:{number}"
            if act in ("deposit", "bonus"):
                getattr(ledger, act)(account=account, amount=amount, key=key, now=at)
                told[FIELDS[act]] += amount
            elif act in ("adjust", "deduct"):
                sign = 1 if act == "adjust" else -1
                ledger.adjust(account=account, amount=sign * amount, key=key, memo="m", now=at)
                told[FIELDS[act]] += amount
            elif act == "chargeback":
                ledger.chargeback(account=account, amount=amount, key=key, memo="m", now=at)
                told["chargebacks"] += amount
            elif act == "order":
                order = sell(person, service, at=at, charged=amount if other else None)
                told["sales"] += order.charge
                told["cost"] += amount if other else order.cost
            elif act == "partial":
                sell(person, service, at=at, quantity=1000, delivered=333)
                told["sales"] += Decimal("0.2997")
                told["cost"] += service.rate * 333 / 1000
            elif act == "kept":
                sell(person, service, at=at, delivered=0, charged=amount)
                told["cost"] += amount
            elif act in ("number", "lost"):
                sell_number(person, project, at=at, paid=act == "number")
                told["sales"] += Decimal("0.35") if act == "number" else 0
                told["cost"] += Decimal("0.2") if act == "number" else 0
            else:
                hold = Hold.objects.filter(account=account, captured__gt=0).order_by("pk").last()
                if hold is not None and hold.captured - hold.refunded >= Decimal("0.01"):
                    ledger.refund(hold=hold, amount=Decimal("0.01"), key=key, now=at)
                    told["refunds"] += Decimal("0.01")
        settled(BEGAN + timedelta(days=5))
        names = ("deposits", "bonuses", "added", "deducted", "chargebacks", "sales", "refunds", "cost")
        for row in Day.objects.all():
            assert {name: getattr(row, name) for name in names} == {name: due[row.day][name] for name in names}
            for parts in (ItemDay, CustomerDay):
                sums = parts.objects.filter(day=row.day).aggregate(
                    *(Sum(name) for name in ("sales", "refunds", "cost"))
                )
                assert {name: sums[f"{name}__sum"] or 0 for name in ("sales", "refunds", "cost")} == {
                    name: getattr(row, name) for name in ("sales", "refunds", "cost")
                }
        assert list(days_audit.problems()) == [] == wallet_audit.findings().problems


@pytest.mark.django_db
def test_counting_again_says_the_same(customer):
    sell(customer, service_of(1), at=BEGAN)
    settled(BEGAN)
    first = list(Day.objects.order_by("day").values_list("day", "sold", "sales", "cost", "placed"))
    settled(BEGAN)
    assert list(Day.objects.order_by("day").values_list("day", "sold", "sales", "cost", "placed")) == first
    assert sum(sold for _day, sold, *_rest in first) == 1


@pytest.mark.django_db
def test_a_movement_that_appears_late_is_counted_into_its_own_day(customer):
    count(now=BEGAN)
    count(now=BEGAN + timedelta(days=2))
    account = ledger.account_of(customer)
    ledger.bonus(account=account, amount=Decimal(3), key="late", now=BEGAN + timedelta(hours=1))
    count(now=BEGAN + timedelta(days=2, minutes=1))
    assert Day.objects.get(day=BEGAN.date()).bonuses == Decimal(3)


@pytest.mark.django_db
def test_a_number_that_the_vendor_charges_otherwise_after_its_code_is_counted_again(customer):
    number = sell_number(customer, project_of(), at=BEGAN)
    count(now=BEGAN)
    Number.objects.filter(pk=number.pk).update(upstream_charge=Decimal("0.3"), finished_at=BEGAN + timedelta(hours=20))
    count(now=BEGAN + timedelta(days=9))  # nobody counted for a week
    assert Day.objects.get(day=BEGAN.date()).cost == Decimal("0.3")


@pytest.mark.django_db
def test_the_audit_names_a_day_whose_sums_were_changed(customer):
    sell(customer, service_of(1), at=BEGAN)
    settled(BEGAN)
    assert list(days_audit.problems()) == []
    Day.objects.filter(day=BEGAN.date()).update(sales=Decimal("0.91"), cost=Decimal(1))
    said = "\n".join(days_audit.problems())
    assert "2025-01-30: sales are counted as 0.91, its transfers come to 0.90" in said
    assert "2025-01-30: cost of customers come to 0.50, and are 1.00" in said
    assert said in "\n".join(audit().problems)


@pytest.mark.django_db
def test_a_day_begins_at_the_shops_own_midnight(customer, settings):
    settings.TIME_ZONE = "Asia/Shanghai"
    sell(customer, service_of(1), at=datetime(2025, 1, 30, 15, 59, tzinfo=UTC))
    sell(customer, service_of(2), at=datetime(2025, 1, 30, 16, 0, tzinfo=UTC))
    settled(BEGAN + timedelta(days=1))
    sold = dict(Day.objects.filter(sold__gt=0).values_list("day", "sold"))
    assert {f"{day}": n for day, n in sold.items()} == {"2025-01-30": 1, "2025-01-31": 1}
    settings.TIME_ZONE = "UTC"  # then every day is another one
    settled(BEGAN + timedelta(days=1))
    assert Day.objects.get(day=BEGAN.date()).sold == 2
    assert list(days_audit.problems()) == []


# ── The month's end ────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_the_months_end_ties_to_the_ledger(customer):
    order = sell(customer, service_of(1), at=BEGAN)
    after = BEGAN + timedelta(days=3)
    ledger.refund(hold=order.hold, amount=Decimal("0.4"), key="r", now=after)
    BalanceReading.begun.create(balance=Decimal(70), read_at=BEGAN)
    BalanceReading.begun.create(balance=Decimal(69), read_at=after)
    later = BEGAN + timedelta(days=5)
    count(now=later)
    closings = []
    for first in (BEGAN.date().replace(day=1), after.date().replace(day=1)):
        month = summary(first, counted_at=later, now=later)
        rows = {(part, row.what): row.amount for part, row in month}
        closings += [amount for (_part, what), amount in rows.items() if what.startswith("At the end")]
    moved = Transfer.objects.filter(customer__owner=customer).order_by("pk")
    january = moved.filter(created_at__lt=datetime(2025, 2, 1, tzinfo=UTC))
    assert closings == [january.last().balance_after, moved.last().balance_after] == [Decimal("99.1"), Decimal("99.5")]
    assert rows["What customers are owed", "Balances right now"] == closings[-1]
    assert rows["What was earned", "Refunds"] == Decimal("-0.4")
    assert rows["The vendor", "Change"] == Decimal(-1)
    assert rows["Deposits, by where they came from", "All deposits"] == 0


@pytest.mark.django_db
def test_what_was_on_hold_in_the_past_knows_what_plans_split_off_since(customer):
    service = service_of(1)
    plan = begin.plan(
        customer=customer, service_id=service.pk, quantity=1000, link="https://e.com/a", runs=3, interval=60, now=BEGAN
    )
    moments, held = [], []
    for hours in range(1, 5):
        now = BEGAN + timedelta(hours=hours)
        moments.append(now)
        held.append(Hold.objects.filter(state=Hold.State.OPEN).aggregate(sum=Sum("amount"))["sum"] or 0)
        Order.objects.filter(plan=plan, state=states.PLACED).update(
            state=states.RUNNING, upstream_id=hours, accepted_at=now
        )
        run.run(plan_id=plan.pk, now=now)
    assert [held_at(moment) for moment in moments] == held
