"""“Usually done in”: told where enough orders of late say something, and nowhere else."""

from datetime import timedelta

import pytest
from django.urls import reverse

from catalog.models import Speed
from orders import states, statistics
from orders.models import Order, OrderEvent
from orders.search import lately
from reseller.books import audit
from wallet import ledger

pytestmark = pytest.mark.django_db


@pytest.fixture
def finished(placed, now):
    """`finished(upstream_id, *seconds)` completes an order after each of these times; the money goes its way."""

    def finished(upstream_id, *seconds, started=10, ended_at=now, state=states.COMPLETED):
        for wait in seconds:
            order = placed(upstream_id)
            ledger.capture(hold=order.hold, amount=order.charge, key=f"order:{order.pk}:capture", memo="", now=now)
            began = ended_at - timedelta(seconds=wait)
            Order.objects.filter(pk=order.pk).update(
                state=state,
                placed_at=began,
                finished_at=ended_at,
                upstream_id=order.pk,
                delivered=order.quantity,
            )
            if started is not None:
                OrderEvent.objects.create(order=order, kind="STARTED", at=began + timedelta(seconds=started))

    yield finished
    assert audit().problems == []


def test_median_and_nine_of_ten(finished, catalogue, now):
    finished(1, *range(100, 1100, 100))
    assert statistics.refresh(now=now) == 1
    speed = Speed.objects.get()
    assert (speed.service, speed.orders) == (catalogue[1], 10)
    assert (speed.done_median, speed.done_p90) == (500, 900)
    assert (speed.start_median, speed.start_p90) == (10, 10)


def test_too_few_say_nothing_and_are_forgotten(finished, now):
    finished(1, *[60] * statistics.ENOUGH)
    statistics.refresh(now=now)
    assert Speed.objects.count() == 1
    assert statistics.refresh(now=now + statistics.WINDOW + timedelta(seconds=1)) == 0
    assert not Speed.objects.exists()


def test_nine_orders_are_too_few(finished, now):
    finished(1, *[60] * (statistics.ENOUGH - 1))
    assert statistics.refresh(now=now) == 0


def test_orders_that_were_not_delivered_whole_do_not_count(finished, now):
    finished(1, *[60] * statistics.ENOUGH, state=states.PARTIAL)
    assert statistics.refresh(now=now) == 0


def test_a_start_that_few_orders_told_is_not_told(finished, now):
    finished(1, *[60] * statistics.ENOUGH, started=None)
    finished(1, 60)
    statistics.refresh(now=now)
    speed = Speed.objects.get()
    assert (speed.start_median, speed.done_median) == (None, 60)


def test_pages_tell_it_and_the_fastest_comes_first(finished, client, catalogue, now):
    slow = next(pk for pk, each in catalogue.items() if not each.is_product and pk > 1)
    finished(slow, *[7200] * statistics.ENOUGH)
    finished(1, *[60] * statistics.ENOUGH)
    statistics.refresh(now=now)
    page = client.get(reverse("orders:service", args=[catalogue[1].pk])).content.decode()
    assert "Usually done in" in page
    assert "Usually starts in" in page
    response = client.get(reverse("catalog:list") + "?sort=fast")
    assert [service.upstream_id for service in response.context["page"]][:2] == [1, slow]
    assert "done in 60\u00a0s" in response.content.decode()
    other = client.get(reverse("orders:service", args=[catalogue[7].pk])).content.decode()
    assert "Usually" not in other


def test_what_was_ordered_last_comes_first_and_once(placed, catalogue, rich, stranger):
    for upstream_id in (1, 2, 1):
        placed(upstream_id)
    assert lately(rich, most=5) == [catalogue[1].pk, catalogue[2].pk]
    assert lately(stranger, most=5) == []
