"""A customer of whom the shop keeps something in every table."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts import terms
from accounts.models import Terms
from api import calls, keys
from api.webhooks.models import Event, Webhook
from orders.models import Order
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
    calls.record(key=key, action="balance", outcome="", milliseconds=3, address="203.0.113.8", now=now)
    Webhook.objects.create(
        customer=person, url="https://hooks.example/li", events=["order.completed"], active_since=now, created_at=now
    )
    Event.objects.create(
        customer=person, name="order.completed", source="TEST", source_id=1, body="{}", created_at=timezone.now()
    )
    Favourite.objects.create(customer=person, project=project)
    assert not Order.objects.filter(customer=person, finished_at=None).exists()
    person.refresh_from_db()
    return person
