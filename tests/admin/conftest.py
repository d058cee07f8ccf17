"""A catalogue with a hostile vendor, orders in every state, and clients of each role."""

from datetime import timedelta
from decimal import Decimal

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts import suspensions
from accounts.models import CustomerGroup, Invitation, StaffNote, Terms, User
from catalog.models import Category, MarkupRule, PriceChange, Promotion, Service, StockWish, Subcategory, SyncRun
from conduct.models import Block
from conduct.note import hit
from core import record
from core.alerts import alert
from core.models import ExchangeRate
from desk.models import Announcement, Question, Request
from notices.models import Mailing
from orders import place, resolve, states, submit
from orders.models import DeliveredItem, GoodsReveal, Order, PromotionUse
from orders.plans import begin
from orders.settle import settle
from orders.verdict import ended
from privacy.models import Deletion
from sms.models import SuccessRate
from upstream.models import BalanceReading
from wallet import ledger

HOSTILE = "<script>alert('x')</script>"


def _client(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def desk(operator):
    """The operator's browser."""
    return _client(operator)


@pytest.fixture
def save(desk):
    """`save(page, form)` looks at the preview of a rule and says yes to it; what the page answered in the end."""

    def save(page, form, **more):
        answer = desk.post(page, form)
        if "preview" in (answer.context or {}):
            answer = desk.post(page, {**form, "confirmed": answer.context["preview"].digest}, **more)
        return answer

    return save


@pytest.fixture
def shopper(customer):
    """The customer's browser."""
    return _client(customer)


@pytest.fixture(autouse=True)
def _reachable_broker(broker):
    """Placing an order nudges a worker through it."""


@pytest.fixture
def service(db, now):
    """A social-media service with a hostile name: $1.00 cost, $1.25 price for 1,000."""
    category = Category.objects.create(name=f"Social {HOSTILE}", vendor_name=f"Social {HOSTILE}")
    subcategory = Subcategory.objects.create(category=category, name=f"Likes {HOSTILE}")
    return Service.objects.create(
        upstream_id=7001,
        name=f"Likes {HOSTILE}",
        vendor_name=f"Likes {HOSTILE}",
        vendor_category=category,
        vendor_subcategory=subcategory,
        entity="SMM",
        category=category,
        subcategory=subcategory,
        rate=Decimal(1),
        price=Decimal("1.25"),
        unit=1000,
        min=10,
        max=100_000,
        search_text="likes",
        first_seen_at=now,
        changed_at=now,
    )


@pytest.fixture
def product(service, now):
    """A digital product: $2.00 cost, $3.00 price each."""
    return Service.objects.create(
        upstream_id=7002,
        name="Mailbox",
        vendor_name="Mailbox",
        vendor_category=service.category,
        entity="PRODUCT",
        category=service.category,
        rate=Decimal(2),
        price=Decimal(3),
        unit=1,
        min=1,
        max=50,
        stock=50,
        search_text="mailbox",
        first_seen_at=now,
        changed_at=now,
    )


class Maker:
    """Makes orders in the state that a test needs, by the acts that lead there."""

    def __init__(self, customer, service, now):
        self.customer, self.service, self.now = customer, service, now
        self.made = 0

    def placed(self, quantity=1000, service=None):
        self.made += 1
        return place.order(
            customer=self.customer,
            service_id=(service or self.service).pk,
            quantity=quantity,
            link=f"https://example.com/{self.made}?a=%3Cscript%3E&b={HOSTILE.replace(' ', '')}",
            now=self.now,
        )

    def uncertain(self, **more):
        order = self.placed(**more)
        claimed = submit.forwarding._claim(submit.DESK, order.pk)
        submit.forwarding._uncertain(submit.DESK, claimed[0], f"no answer {HOSTILE}")
        order.refresh_from_db()
        return order

    def running(self, upstream_id=None, **more):
        order = self.uncertain(**more)
        number = upstream_id or 90_000 + order.pk
        resolve.found(order_id=order.pk, upstream_id=number, operator=self.customer, reason=HOSTILE, now=self.now)
        order.refresh_from_db()
        return order

    def ended(self, delivered=None, **more):
        order = self.running(**more)
        pieces = order.quantity if delivered is None else delivered
        return settle(order_id=order.pk, verdict=ended(order.quantity, pieces), now=self.now)

    def rejected(self, operator):
        order = self.uncertain()
        resolve.give_up(order_id=order.pk, operator=operator, reason="gone", now=self.now)
        order.refresh_from_db()
        return order


@pytest.fixture
def make(customer, service, now):
    """`make.uncertain()`, `make.running()`, `make.ended(delivered=…)`: orders of the customer for $1.25."""
    return Maker(customer, service, now)


@pytest.fixture
def everything(make, product, operator, now):
    """At least one row of every table that the admin shows, with hostile text wherever the vendor's may be."""
    orders = {
        states.PLACED: make.placed(),
        states.UNCERTAIN: make.uncertain(),
        states.RUNNING: make.running(),
        states.COMPLETED: make.ended(),
        states.PARTIAL: make.ended(delivered=400),
        states.CANCELED: make.ended(delivered=0),
        states.REJECTED: make.rejected(operator),
    }
    goods = make.running(service=product, quantity=2)
    DeliveredItem.objects.create(order=goods, position=1, text=f"name:pass {HOSTILE}", delivered_at=now)
    Order.objects.filter(pk=orders[states.RUNNING].pk).update(
        flag=f"unknown status {HOSTILE}", upstream_status=HOSTILE, upstream_charge=Decimal("1.00")
    )
    alert(key=f"order:{goods.pk}:odd", subject=f"Odd {HOSTILE}", detail=HOSTILE, now=now)
    MarkupRule.objects.create(percent=10, service=product)
    group = CustomerGroup.objects.create(name=f"Resellers {HOSTILE}")
    MarkupRule.objects.create(percent=5, group=group).steps.create(from_quantity=1000, percent=2)
    code = Promotion.objects.create(code="TEN", percent=10, note=HOSTILE)
    PromotionUse.objects.create(promotion=code, order=goods, customer=goods.customer, discount=Decimal("0.1"))
    PriceChange.objects.create(
        service=product,
        old_rate=Decimal(1),
        new_rate=Decimal(2),
        old_price=Decimal(2),
        new_price=Decimal(3),
        changed_at=now,
    )
    SyncRun.objects.create(
        kind="catalogue",
        started_at=now,
        finished_at=now + timedelta(seconds=3),
        seen=2,
        skipped=1,
        skipped_rows=[f"row {HOSTILE}"],
        problem=HOSTILE,
    )
    BalanceReading.objects.create(balance=Decimal("100.5"), read_at=now)
    Request.objects.create(
        customer=orders[states.RUNNING].customer, order=orders[states.RUNNING], kind="CANCEL", asked_at=now
    )
    GoodsReveal.objects.create(
        order=goods, actor=operator, kind="SHOWN", day=now.date(), times=1, first_at=now, last_at=now
    )
    Announcement.objects.create(title_en=HOSTILE, text_en=HOSTILE, from_at=now)
    Question.objects.create(question_en=HOSTILE, answer_en=HOSTILE)
    begin.plan(
        customer=goods.customer,
        service_id=orders[states.RUNNING].service_id,
        quantity=10,
        link="https://a.example",
        runs=3,
        interval=5,
        start_at=now + timedelta(days=1),
        now=now,
    )
    StockWish.objects.create(customer=operator, service=orders[states.RUNNING].service, wished_at=now, due_at=now)
    ExchangeRate.objects.create(currency="EUR", rate=Decimal("0.92"), as_of=now.date())
    Invitation.objects.create(note=HOSTILE, email="friend@example.com", made_by=operator, made_at=now)
    Mailing.objects.create(subject_en=HOSTILE, text_en=HOSTILE, made_by=operator, made_at=now)
    Terms.objects.create(version="1", text_en=HOSTILE)
    suspensions.suspend(customer=goods.customer, degree="API", reason=HOSTILE, told=HOSTILE, operator=operator, now=now)
    StaffNote.objects.create(customer=goods.customer, author=operator, text=HOSTILE, at=now)
    record.note(kind="ACT", said=HOSTILE, actor=operator, row=goods, reason=HOSTILE, changes={HOSTILE: [HOSTILE, 1]})
    SuccessRate.objects.create(customer=goods.customer, numbers=100, codes=3, percent=3, counted_at=now)
    Authenticator.objects.create(user=operator, type="totp", data={"secret": HOSTILE})
    block = Block.objects.create(kind="WORD", value=HOSTILE, match="<script>alert", reason=HOSTILE, note=HOSTILE)
    hit(block=block, customer=goods.customer, what=HOSTILE, now=now)
    Deletion.objects.create(customer=User.objects.create_user("deleted-0@invalid"), at=now)
    return {**orders, "GOODS": goods}


def balance(user):
    """The user's account as it is now."""
    account = ledger.account_of(user)
    account.refresh_from_db()
    return account
