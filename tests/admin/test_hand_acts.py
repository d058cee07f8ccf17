"""What an operator does to orders by hand: goods pasted, a cancel, a try at once, many at a time; and the timeline."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from catalog.models import Service
from notices.models import Notice
from orders import states
from orders.models import DeliveredItem, Order, OrderEvent
from reseller.books import audit
from tests.admin.conftest import HOSTILE, balance
from tests.admin.test_order_acts import agree, hidden, page, text
from upstream.forwarding import BelowCost

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


def many(desk, action, orders, **typed):
    chosen = {"action": action, "_selected_action": [order.pk for order in orders]}
    return desk.post(reverse("admin:orders_order_changelist"), {**chosen, **typed}, follow=True)


def test_pasted_items_are_delivered_once_and_paid_by_their_share(desk, make, product, operator):
    order = make.running(service=product, quantity=3)
    DeliveredItem.objects.create(order=order, position=1, text="a:1", delivered_at=make.now)
    sent, done = agree(desk, "hand_over", order, accounts="a:1\r\n b:2 \r\n\r\n", reason="came by letter")
    assert "2 of 3 delivered. The customer paid $6.00 and got $3.00 back." in text(done)
    order.refresh_from_db()
    assert (order.state, order.delivered) == (states.PARTIAL, 2)
    assert [item.text for item in order.items.all()] == ["a:1", "b:2"]
    assert order.hold.captured == Decimal(6)
    assert order.events.get(kind=OrderEvent.Kind.PARTIAL).actor == operator
    again = desk.post(page("hand_over", order), sent)
    assert "is PARTIAL" in text(again)
    assert order.items.count() == 2


def test_pasted_items_that_anybody_had_are_told_before_the_yes(desk, make, product):
    first = make.running(service=product, quantity=1)
    agree(desk, "hand_over", first, accounts="a:1", reason="x")
    second = make.running(service=product, quantity=1)
    asked = desk.post(page("hand_over", second), {"accounts": "a:1", "reason": "x"})
    assert "Delivered before, to anyone" in text(asked)
    desk.post(page("hand_over", second), hidden(asked))
    second.refresh_from_db()
    assert (second.state, second.twice) == (states.COMPLETED, 1)


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("a:1\nb:2\na:1", "Line 3 is the same as line 1."),
        ("a\nb\nc", "0 are there and 3 are new: 2 were ordered."),
        (" \n ", "Paste what is delivered, one a line."),
    ],
)
def test_what_can_not_be_delivered_stays_in_the_box(desk, make, product, pasted, words):
    order = make.running(service=product, quantity=2)
    answer = desk.post(page("hand_over", order), {"accounts": pasted, "reason": "kept words", "confirmed": "1"})
    assert answer.context["form"].errors["accounts"] == [words]
    assert "kept words" in text(answer)
    order.refresh_from_db()
    assert order.state == states.RUNNING


def test_a_cancel_gives_all_the_money_back_and_shows_it_before(desk, make):
    order = make.running()
    free = balance(order.customer).available
    asked = desk.post(page("cancel", order), {"reason": "canceled there"})
    for words in ["Back to the customer", "$1.25", "Yours to settle with the vendor", "$1.00"]:
        assert words in text(asked)
    desk.post(page("cancel", order), hidden(asked))
    order.refresh_from_db()
    assert (order.state, order.hold.state) == (states.CANCELED, "RELEASED")
    assert balance(order.customer).available == free + order.charge


def test_an_order_of_which_something_arrived_is_not_canceled(desk, make):
    order = make.running()
    Order.objects.filter(pk=order.pk).update(delivered=1)
    assert page("cancel", order) not in text(desk.get(reverse("admin:orders_order_change", args=[order.pk])))
    answer = desk.post(page("cancel", order), {"reason": "x", "confirmed": "1"})
    assert "has arrived meanwhile" in text(answer)
    order.refresh_from_db()
    assert order.state == states.RUNNING


def test_an_order_that_waits_is_tried_at_once(desk, make, now):
    order = make.placed()
    Order.objects.filter(pk=order.pk).update(not_before=now + timedelta(hours=1), tries=3)
    desk.post(page("send_now", order), {"reason": "the vendor is back"})
    order.refresh_from_db()
    assert order.state == states.PLACED
    assert order.not_before < now + timedelta(minutes=1)
    assert "the vendor is back" in order.events.get(kind=OrderEvent.Kind.RESOLVED).note


def test_many_are_refunded_once_after_a_page_that_shows_each_amount_and_the_sum(desk, make):
    orders = [make.ended(), make.ended(delivered=400)]
    running = make.running()
    before = balance(make.customer).balance
    asked = many(desk, "refund_many", [*orders, running])
    for words in ["$1.25", "$0.50", "$1.75", "1 of those you chose are left out"]:
        assert words in text(asked)
    assert balance(make.customer).balance == before
    unsure = many(desk, "refund_many", orders, confirmed="1", reason=" ", key=hidden(asked)["key"])
    assert "Say why" in text(unsure)
    sent = {"confirmed": "1", "reason": "an outage", "key": hidden(asked)["key"]}
    assert "2 of 2 done, $1.75." in text(many(desk, "refund_many", orders, **sent))
    many(desk, "refund_many", orders, **sent)
    assert balance(make.customer).balance == before + Decimal("1.75")
    assert LogEntry.objects.count() == 2


def test_held_back_orders_are_let_go_together_with_what_is_lost_on_them(desk, make, service):
    held = [make.placed(), make.placed()]
    Order.objects.update(below_cost=BelowCost.HELD)
    Service.objects.filter(pk=service.pk).update(rate=Decimal(2), price=Decimal(3))
    asked = many(desk, "let_many_go", held)
    assert "costs $2.00 now, $0.75 lost on it" in text(asked)
    assert "$2.50" in text(asked)
    many(desk, "let_many_go", held, confirmed="1", reason="agreed", key=hidden(asked)["key"])
    assert set(Order.objects.values_list("below_cost", flat=True)) == {BelowCost.ALLOWED}


def test_the_timeline_tells_of_calls_money_notices_and_requests(desk, everything, now):
    order = everything[states.COMPLETED]
    link = reverse("orders:detail", args=[order.pk])
    assert Notice.objects.filter(link=link).exists()
    shown = text(desk.get(reverse("admin:orders_order_change", args=[order.pk])))
    for words in ["money set aside", "Transfer: purchase", "Call to the vendor", "Notice: "]:
        assert words in shown
    assert HOSTILE not in shown
    running = everything[states.RUNNING]
    assert "Request: Cancel" in text(desk.get(reverse("admin:orders_order_change", args=[running.pk])))
