"""A customer of whom the shop keeps something in every table."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts import terms
from accounts.models import Terms
from api import calls, keys
from api.webhooks.models import Event, Webhook
from catalog.models import Favourite as KeptService
from catalog.models import StockWish
from conduct.models import Block
from conduct.note import hit
from desk.models import Message as Written
from desk.models import Request
from funds.models import Method, Proof, TopUp
from notices.models import Notice, Switches
from orders.models import GoodsReveal, Order, Plan
from orders.plans import begin, stop
from sms import listen
from sms.models import Favourite
from tests.accounts.test_log_ins import log_in
from tests.orders.conftest import catalogue, placed, rich
from tests.reconcile.conftest import shop
from tests.sms.conftest import bought, project, projects
from tests.still import sandbox

__all__ = ["bought", "catalogue", "placed", "project", "projects", "rich", "sandbox", "shop"]

SMM, PRODUCT = 1, 7
LINK = "https://instagram.com/the_person_in_question"
FAR = 6 * 86_400


@pytest.fixture(autouse=True)
def _no_old_rate_limits():
    cache.clear()


@pytest.fixture
def known(rich, shop, project, now):
    """The customer after a while: an order, goods, a number with its code, a key that was used, an address told."""
    person = rich
    person.first_name = "Li Wei"
    person.save()
    made = Terms.objects.create(version="1", text_en="Be kind.")
    terms.publish(terms=made, now=now - timedelta(days=1))
    terms.accept(user=person, version=made.pk, address="203.0.113.7", now=now)
    log_in(person)
    shop.order(SMM, link=LINK)
    shop.order(PRODUCT, quantity=3)
    shop.numbers(1)
    for _step in range(6):
        shop.later(FAR / 6)
    listen.run_out(now=now + timedelta(days=2))
    key, _secret = keys.make(customer=person, name="robot", now=now)
    calls.note(key=key, action="balance", outcome="", milliseconds=3, address="203.0.113.8", now=now)
    Webhook.objects.create(
        customer=person, url="https://hooks.example/li", events=["order.completed"], active_since=now, created_at=now
    )
    Event.objects.create(
        customer=person, name="order.completed", source="TEST", source_id=1, body="{}", created_at=timezone.now()
    )
    Favourite.objects.create(customer=person, project=project)
    _wishes(person, now)
    assert not Order.objects.filter(customer=person, finished_at=None).exists()
    person.refresh_from_db()
    return person


SAID = "my cat is called Mishka"


def _wishes(person, now):
    """What somebody asks, shows, keeps at hand, plans and is told, all of it over."""
    order = Order.objects.filter(customer=person).first()
    plan = begin.plan(
        customer=person,
        service_id=Order.objects.filter(customer=person, entity="SMM").first().service_id,
        quantity=1000,
        link=LINK,
        runs=2,
        interval=5,
        start_at=now + timedelta(days=2),
        now=now,
    )
    stop.stop(plan_id=plan.pk, reason=Plan.Reason.BY_CUSTOMER, now=now)
    asked = Request.objects.create(
        customer=person, order=order, kind="OTHER", subject=SAID, state="DONE", asked_at=now, decided_at=now
    )
    Written.objects.create(request=asked, author=person, by_customer=True, text=SAID, at=now)
    KeptService.objects.create(customer=person, service=order.service)
    StockWish.objects.create(customer=person, service=order.service, wished_at=now)
    Notice.objects.create(customer=person, kind="ORDER_DONE", about={"name": SAID}, made_at=now, due_at=now)
    Switches.objects.create(customer=person)
    hit(block=Block.objects.create(kind="DOMAIN", value="e", match="e"), customer=person, what=SAID, now=now)
    GoodsReveal.objects.create(
        order=order, actor=person, kind="SHOWN", address="203.0.113.9", day=now.date(), first_at=now, last_at=now
    )
    top_up = TopUp.objects.create(
        customer=person,
        method=Method.objects.create(provider="transfer", name="Bank", minimum=1, maximum=500),
        variant="transfer",
        amount=10,
        total=10,
        currency="USD",
        state="REFUSED",
        reference=SAID,
        form_key="f" * 32,
        created_at=now,
        expires_at=now,
        changed_at=now,
    )
    Proof.objects.create(
        top_up=top_up, name=f"{SAID}.png", type="image/png", size=1, digest="d", content=b"x", created_at=now
    )
