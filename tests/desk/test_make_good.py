"""An operator makes good what a request is about: money back once, items again on top, and the books still fit."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from core.models import Alert
from desk import decide, make_good
from desk.models import Message
from notices.models import Notice
from orders.audit import problems
from orders.models import DeliveredItem, OrderEvent
from orders.redeliver import CantRedeliver, redeliver
from reseller.books import audit
from tests.admin.conftest import balance
from wallet.ledger import LedgerError

pytestmark = pytest.mark.django_db


def again(request, operator, now, texts=("new-1", "new-3"), replaces=(1, 3)):
    return make_good.deliver_again(
        request_id=request.pk,
        texts=texts,
        replaces=replaces,
        operator=operator,
        reason="checked",
        answer="Here you are.",
        now=now,
    )


class TestDeliveringAgain:
    def test_items_stand_after_the_others_and_name_what_they_replace(self, asked, goods, operator, customer, now):
        before = balance(customer).balance
        again(asked, operator, now)
        items = [(item.position, item.text, item.replaces and item.replaces.position) for item in goods.items.all()]
        assert items == [
            (1, "item-1", None),
            (2, "item-2", None),
            (3, "item-3", None),
            (4, "new-1", 1),
            (5, "new-3", 3),
        ]
        goods.refresh_from_db()
        assert (goods.delivered, goods.quantity) == (3, 3)
        assert balance(customer).balance == before
        event = goods.events.get(kind=OrderEvent.Kind.REPLACED)
        assert (event.count, event.actor) == (2, operator)
        assert audit().problems == []

    def test_the_request_is_done_its_customer_told_and_the_alert_closed(self, asked, operator, now):
        again(asked, operator, now)
        asked.refresh_from_db()
        assert (asked.state, asked.unread, asked.actor) == ("DONE", True, operator)
        last = asked.messages.last()
        assert (last.kind, last.count, last.text) == ("REPLACED", 2, "Here you are.")
        assert Notice.objects.get(kind="REQUEST_ANSWERED").link == f"/help/requests/{asked.pk}/"
        assert not Alert.objects.filter(key=f"request:{asked.pk}", resolved_at=None).exists()

    def test_a_second_time_nothing_more_is_delivered(self, asked, goods, operator, now):
        again(asked, operator, now)
        with pytest.raises(decide.CantDecide):
            again(asked, operator, now)
        assert goods.items.count() == 5

    @pytest.mark.parametrize(
        ("texts", "replaces", "says"),
        [
            (["a"], [1, 2], "one for each"),
            (["a"], [7], "no item 7"),
            (["a", "b"], [1, 1], "twice"),
            (["a"], [], "0 are missing"),
            ([], [], "nothing to deliver"),
        ],
    )
    def test_what_does_not_fit_changes_nothing(self, asked, goods, operator, now, texts, replaces, says):
        with pytest.raises(CantRedeliver, match=says):
            again(asked, operator, now, texts, replaces)
        asked.refresh_from_db()
        assert asked.is_live
        assert goods.items.count() == 3

    def test_an_item_is_replaced_once_but_its_replacement_may_be(self, goods, operator, now):
        common = {"order_id": goods.pk, "operator": operator, "reason": "r", "now": now}
        redeliver(texts=["new"], replaces=[2], **common)
        with pytest.raises(CantRedeliver, match="Replaced already: 2"):
            redeliver(texts=["newer"], replaces=[2], **common)
        redeliver(texts=["newer"], replaces=[4], **common)
        assert goods.items.count() == 5
        item = goods.items.get(position=2)
        with pytest.raises(IntegrityError), transaction.atomic():
            DeliveredItem.objects.create(order=goods, position=9, text="x", replaces=item, delivered_at=now)

    def test_what_is_missing_is_delivered_up_to_what_was_ordered(self, make, product, customer, operator, now):
        order = make.ended(service=product, quantity=3, delivered=1)
        DeliveredItem.objects.create(order=order, position=1, text="one", delivered_at=now)
        common = {"order_id": order.pk, "replaces": [], "operator": operator, "reason": "r", "now": now}
        with pytest.raises(CantRedeliver, match="2 are missing"):
            redeliver(texts=["a", "b", "c"], **common)
        redeliver(texts=["a", "b"], **common)
        assert [item.text for item in order.items.all()] == ["one", "a", "b"]
        assert audit().problems == []

    def test_the_audit_does_not_take_a_replacement_for_a_delivery(self, goods, operator, now):
        redeliver(order_id=goods.pk, texts=["new"], replaces=[2], operator=operator, reason="r", now=now)
        assert list(problems()) == []
        goods.items.get(position=3).delete()
        assert [line for line in problems() if "delivered 3 items" in line]

    def test_a_service_is_not_delivered_as_text(self, make, operator, now):
        with pytest.raises(CantRedeliver, match="product"):
            redeliver(order_id=make.ended().pk, texts=["a"], replaces=[], operator=operator, reason="r", now=now)


class TestPayingBack:
    def back(self, request, operator, now, amount="4.50", key="k"):
        return make_good.pay_back(
            request_id=request.pk, amount=Decimal(amount), key=key, operator=operator, reason="half", now=now
        )

    def test_a_part_comes_back_and_the_thread_says_so(self, asked, goods, customer, operator, now):
        before = balance(customer).balance
        self.back(asked, operator, now)
        assert balance(customer).balance == before + Decimal("4.50")
        message = asked.messages.last()
        assert (message.kind, message.amount) == (Message.Kind.REFUNDED, Decimal("4.50"))
        assert audit().problems == []

    def test_a_second_time_nothing_more_comes_back(self, asked, customer, operator, now):
        self.back(asked, operator, now)
        paid = balance(customer).balance
        with pytest.raises(decide.CantDecide):
            self.back(asked, operator, now, key="other")
        assert balance(customer).balance == paid

    def test_more_than_was_paid_is_refused_whole(self, asked, operator, customer, now):
        before = balance(customer).balance
        with pytest.raises(LedgerError):
            self.back(asked, operator, now, amount="9.01")
        asked.refresh_from_db()
        assert asked.is_live
        assert asked.messages.count() == 1
        assert balance(customer).balance == before
        assert audit().problems == []
