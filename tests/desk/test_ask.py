"""What may be asked for about an order and what may not; asked twice it is one request."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from core.models import Alert
from desk import ask, decide, rules, say
from desk.models import Message, Request
from orders import states
from orders.models import Order
from reseller.books import audit
from tests.desk.conftest import aged

pytestmark = pytest.mark.django_db
Kind = Request.Kind


def reason(order, kind, now):
    return rules.why_not(kind, Order.objects.select_related("service").get(pk=order.pk), now=now)


class TestTheRules:
    def test_a_warranty_is_what_the_category_promised_when_it_was_placed(self, goods, service, now):
        service.category.warranty_days = 0
        service.category.save()
        assert goods.warranty_days == 7
        assert goods.warranty_until == goods.finished_at + timedelta(days=7)
        assert reason(goods, Kind.REPLACEMENT, now) == ""

    def test_a_warranty_ends(self, goods, now):
        aged(goods, days=6, hours=23)
        assert reason(goods, Kind.REPLACEMENT, now) == ""
        aged(goods, hours=2)
        assert "ended on" in reason(goods, Kind.REPLACEMENT, now)

    def test_without_a_warranty_nothing_is_replaced(self, make, product, now):
        assert "no warranty" in reason(make.ended(service=product, quantity=1), Kind.REPLACEMENT, now)

    def test_a_running_order_is_reported_after_a_day(self, make, now):
        order = make.running()
        assert "wait for a day" in reason(order, Kind.NOT_DELIVERED, now)
        assert reason(aged(order, hours=25), Kind.NOT_DELIVERED, now) == ""

    def test_an_ended_one_within_a_month(self, make, now):
        order = make.ended(delivered=400)
        assert reason(order, Kind.NOT_DELIVERED, now) == ""
        assert "30 days" in reason(aged(order, days=31), Kind.NOT_DELIVERED, now)

    def test_what_cost_nothing_is_not_reported(self, make, now):
        assert "paid nothing" in reason(make.ended(delivered=0), Kind.NOT_DELIVERED, now)

    def test_anything_else_may_always_be_asked(self, make, operator, now):
        for order in [make.placed(), make.uncertain(), make.running(), make.ended(), make.rejected(operator)]:
            assert reason(order, Kind.OTHER, now) == ""


class TestAsking:
    def test_a_replacement_names_its_items_and_alerts_an_operator(self, asked, goods, customer):
        assert (asked.order, asked.customer, asked.positions, asked.state) == (goods, customer, [1, 3], "OPEN")
        message = asked.messages.get()
        assert (message.text, message.by_customer) == ("both are bad", True)
        assert Alert.objects.filter(key=f"request:{asked.pk}", resolved_at=None).count() == 1
        assert audit().problems == []

    def test_items_that_are_not_there_are_named(self, goods, customer, now):
        with pytest.raises(ask.CantAsk, match="4, 9") as refused:
            ask.replacement(order_id=goods.pk, customer=customer, positions=[1, 4, 9], text="bad", now=now)
        assert refused.value.field == "positions"
        assert not Request.objects.exists()

    def test_while_one_is_open_what_is_written_goes_there(self, asked, goods, customer, operator, now):
        say.answer(request_id=asked.pk, operator=operator, text="which?", now=now)
        again = ask.replacement(
            order_id=goods.pk, customer=customer, positions=[2], text="the second too", form_key="k", now=now
        )
        assert again.pk == asked.pk
        assert again.state == "OPEN"
        ask.replacement(
            order_id=goods.pk, customer=customer, positions=[2], text="the second too", form_key="k", now=now
        )
        assert [each.text for each in asked.messages.all()] == ["both are bad", "which?", "the second too"]

    def test_the_database_keeps_two_live_ones_of_a_kind_apart(self, asked, now):
        asked.state = Request.State.ANSWERED
        asked.save()
        with pytest.raises(IntegrityError), transaction.atomic():
            Request.objects.create(customer=asked.customer, order=asked.order, kind=asked.kind, asked_at=now)

    def test_after_it_is_closed_it_may_be_asked_anew(self, asked, goods, customer, operator, now):
        decide.refuse(request_id=asked.pk, operator=operator, reason="they work", now=now)
        again = ask.replacement(order_id=goods.pk, customer=customer, positions=[1], text="no", now=now)
        assert again.pk != asked.pk

    def test_a_question_is_asked_once_a_form_and_not_without_end(self, customer, now, monkeypatch):
        first = ask.question(customer=customer, subject="Cards?", text="Do you?", form_key="k", now=now)
        assert ask.question(customer=customer, subject="Cards?", text="Do you?", form_key="k", now=now) == first
        assert Message.objects.count() == 1
        monkeypatch.setattr(ask, "MOST_OPEN", 2)
        ask.question(customer=customer, subject="Other", text="?", form_key="l", now=now)
        with pytest.raises(ask.CantAsk, match="open already"):
            ask.question(customer=customer, subject="Third", text="?", form_key="m", now=now)

    def test_an_order_of_somebody_else_does_not_exist(self, goods, stranger, now):
        with pytest.raises(Order.DoesNotExist):
            ask.not_delivered(order_id=goods.pk, customer=stranger, text="mine", now=now)

    def test_a_cancel_of_what_has_not_gone_out_is_done_at_once(self, make, customer, now):
        order = make.placed()
        made = ask.cancel(order_id=order.pk, customer=customer, now=now)
        order.refresh_from_db()
        assert (made.state, order.state) == ("DONE", states.CANCELED)
        assert audit().problems == []


class TestWriting:
    def test_who_wrote_last_waits_for_the_other(self, asked, customer, operator, now):
        key = f"request:{asked.pk}"
        say.answer(request_id=asked.pk, operator=operator, text="wait", now=now)
        asked.refresh_from_db()
        assert (asked.state, asked.unread) == ("ANSWERED", True)
        assert not Alert.objects.filter(key=key, resolved_at=None).exists()
        say.reply(request_id=asked.pk, customer=customer, text="I wait", form_key="1", now=now)
        say.reply(request_id=asked.pk, customer=customer, text="I wait", form_key="1", now=now)
        asked.refresh_from_db()
        assert asked.state == "OPEN"
        assert asked.messages.count() == 3
        assert Alert.objects.filter(key=key, resolved_at=None).exists()

    def test_nobody_writes_to_a_closed_one(self, asked, customer, operator, now):
        decide.done(request_id=asked.pk, operator=operator, reason="r", now=now)
        with pytest.raises(say.CantSay):
            say.reply(request_id=asked.pk, customer=customer, text="but", now=now)
        with pytest.raises(say.CantSay):
            say.answer(request_id=asked.pk, operator=operator, text="but", now=now)

    def test_a_stranger_can_not_write(self, asked, stranger, now):
        with pytest.raises(Request.DoesNotExist):
            say.reply(request_id=asked.pk, customer=stranger, text="hello", now=now)

    def test_what_came_after_the_look_stays_unread(self, asked, operator, now):
        say.answer(request_id=asked.pk, operator=operator, text="one", now=now)
        asked.refresh_from_db()
        say.answer(request_id=asked.pk, operator=operator, text="two", now=now + timedelta(seconds=1))
        say.seen(asked)
        asked.refresh_from_db()
        assert asked.unread
        say.seen(asked)
        asked.refresh_from_db()
        assert not asked.unread

    def test_texts_are_ciphertext_in_the_database(self, asked):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT text FROM desk_message")
            assert "bad" not in cursor.fetchone()[0]
