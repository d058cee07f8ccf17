"""Delivered goods: what was delivered before is known, who saw them is noted, and they are removed when it is time."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http import HTTPStatus

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.models import Alert
from orders import marks, note_reveal, poll, purge_goods, states, submit
from orders.mark_goods import mark_goods
from orders.models import DeliveredItem, GoodsPepper, GoodsReveal, Order, OrderEvent
from reseller.books import audit
from upstream.replies import Status

pytestmark = pytest.mark.django_db

PRODUCT = 7


@pytest.fixture
def me(client, rich):
    client.force_login(rich)
    return client


@pytest.fixture
def running(placed):
    """`running(quantity=…)` is an order of a product that was accepted."""

    def running(**more):
        order = placed(PRODUCT, **more)
        assert submit.submit(order_id=order.pk) == states.RUNNING
        order.refresh_from_db()
        return order

    return running


@pytest.fixture
def delivered(running):
    """`delivered("a", "b")` is a completed order of these items."""

    def delivered(*accounts):
        return record(running(quantity=len(accounts)), *accounts, word="Completed")

    return delivered


def record(order, *accounts, word="In progress"):
    remains = order.quantity - len(accounts)
    poll.record(order=order, status=Status(status=word, remains=remains, accounts=list(accounts)), now=timezone.now())
    order.refresh_from_db()
    return order


def text_of(response):
    return response.content.decode()


def page(order, name="detail", *more):
    return reverse(f"orders:{name}", args=[order.pk, *more])


def texts(order):
    return list(order.items.values_list("text", flat=True))


class TestTheSameItemTwice:
    def test_in_two_orders_is_flagged_and_delivered_all_the_same(self, delivered):
        first, second = delivered("a:1", "b:1"), delivered("c:1", "a:1")
        assert texts(second) == ["c:1", "a:1"]
        assert (first.twice, second.twice) == (0, 1)
        assert second.state == states.COMPLETED
        event = second.events.get(kind=OrderEvent.Kind.TWICE)
        assert f"item 2 (order {first.pk})" in event.note
        alert = Alert.objects.get(key=f"order:{second.pk}:twice", resolved_at=None)
        assert "a:1" not in alert.detail + alert.subject + event.note
        assert audit().problems == []

    def test_in_one_order_is_flagged_too(self, delivered):
        order = delivered("a:1", "a:1", "b:1")
        assert order.twice == 1
        assert texts(order) == ["a:1", "a:1", "b:1"]
        assert f"item 2 (order {order.pk})" in order.events.get(kind=OrderEvent.Kind.TWICE).note

    def test_that_comes_in_parts_is_counted_once_each(self, delivered, running):
        delivered("a:1", "b:1")
        order = record(running(quantity=3), "a:1")
        order = record(order, "a:1", "b:1")
        order = record(order, "a:1", "b:1", "c:1", word="Completed")
        assert order.twice == 2
        assert order.events.filter(kind=OrderEvent.Kind.TWICE).count() == 2
        assert Alert.objects.get(key=f"order:{order.pk}:twice").times == 2

    def test_is_known_by_its_text_without_the_space_around_it(self, delivered):
        delivered("a:1")
        assert delivered(" a:1\r").twice == 1
        assert delivered("A:1").twice == 0

    def test_said_again_by_the_vendor_is_no_second_item(self, running):
        order = record(running(quantity=2), "a:1")
        order = record(order, "a:1")
        assert (order.twice, order.items.count()) == (0, 1)

    def test_is_not_the_customers_worry(self, me, delivered):
        delivered("a:1")
        order = delivered("a:1")
        text = text_of(me.get(page(order)))
        assert "delivered before" not in text
        assert Order.objects.get(pk=order.pk).twice == 1

    def test_very_many_name_only_some(self, delivered):
        many = [f"{number}:x" for number in range(30)]
        delivered(*many)
        order = delivered(*many)
        note = order.events.get(kind=OrderEvent.Kind.TWICE).note
        assert order.twice == 30
        assert "and 10 more" in note
        assert len(note) < 2000

    def test_the_operator_finds_it_in_the_admin(self, client, operator, delivered):
        delivered("a:1")
        order = delivered("a:1")
        client.force_login(operator)
        found = text_of(client.get("/admin/orders/order/?twice=yes"))
        assert f"/admin/orders/order/{order.pk}/change/" in found
        assert "1 of them delivered before" in text_of(client.get(f"/admin/orders/order/{order.pk}/change/"))


class TestMarks:
    def test_are_no_plain_digest_and_stay_when_keys_are_changed(self, delivered, settings):
        import hashlib

        order = delivered("a:1")
        mark = order.items.get().mark
        assert mark
        assert mark != hashlib.sha256(b"a:1").hexdigest()
        settings.SECRET_KEY = "another"
        settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FIELD_ENCRYPTION_KEYS]
        assert delivered("a:1").twice == 1

    def test_the_key_is_encrypted_in_the_database(self, delivered):
        delivered("a:1")
        with connection.cursor() as cursor:
            cursor.execute("SELECT key FROM orders_goodspepper")
            ((stored,),) = cursor.fetchall()
        assert GoodsPepper.objects.get().key not in stored

    def test_are_found_by_an_index(self, delivered):
        delivered("a:1")
        with CaptureQueriesContext(connection) as seen:
            marks.known(["x" * 64])
        if connection.vendor == "sqlite":
            plan = DeliveredItem.objects.filter(mark__in=["x" * 64]).exclude(mark="").explain()
            assert "item_by_mark" in plan
        assert len(seen) == 1

    def test_of_older_items_are_made_later_in_parts(self, delivered):
        first, second = delivered("a:1", "b:1"), delivered("c:1", "a:1", "c:1")
        DeliveredItem.objects.update(mark="")
        Order.objects.update(twice=0)
        OrderEvent.objects.filter(kind=OrderEvent.Kind.TWICE).delete()
        now = timezone.now()
        assert [mark_goods(limit=2, now=now), mark_goods(limit=2, now=now)] == [2, 2]
        call_command("mark_goods")
        assert not DeliveredItem.objects.filter(mark="").exists()
        first.refresh_from_db()
        second.refresh_from_db()
        assert (first.twice, second.twice) == (0, 2)
        assert delivered("b:1").twice == 1
        assert mark_goods(now=now) == 0


class TestWhoSawThem:
    def test_each_way_is_noted_before_the_items_leave(self, me, rich, delivered):
        order = delivered("a:1", "b:1")
        origin = {"REMOTE_ADDR": "203.0.113.9"}
        me.post(page(order, "reveal"), **origin)
        me.post(page(order, "copied"), **origin)
        me.get(page(order, "items_file", "txt"), **origin)
        me.get(page(order, "items_file", "csv"), **origin)
        rows = GoodsReveal.objects.order_by("pk").values_list("kind", "actor", "address", "count", "times")
        assert list(rows) == [(kind, rich.pk, "203.0.113.9", 2, 1) for kind in ("SHOWN", "COPIED", "TXT", "CSV")]
        text = text_of(me.get(page(order)))
        assert "Who saw them" in text
        assert "203.0.113.9" in text
        assert "Downloaded as .csv" in text

    def test_the_same_again_on_the_same_day_is_counted(self, me, delivered):
        order = delivered("a:1")
        for _ in range(3):
            me.post(page(order, "reveal"))
        assert GoodsReveal.objects.get().times == 3
        assert "Shown × 3" in text_of(me.get(page(order)))

    def test_looking_at_the_order_alone_is_no_look_at_its_items(self, me, delivered):
        me.get(page(delivered("a:1")))
        assert not GoodsReveal.objects.exists()

    def test_there_is_an_end_to_the_rows_and_none_to_the_counting(self, delivered, rich, monkeypatch):
        monkeypatch.setattr(note_reveal, "MOST", 3)
        order = delivered("a:1")
        for number in range(6):
            note_reveal.note_reveal(
                order=order,
                actor=rich,
                kind=GoodsReveal.Kind.TXT,
                address=f"10.0.0.{number}",
                count=1,
                now=timezone.now(),
            )
        assert sorted(order.reveals.values_list("times", flat=True)) == [1, 1, 4]

    def test_an_operator_who_looks_is_seen_by_the_customer_without_a_name(self, client, rich, operator, delivered):
        order = delivered("a:1")
        client.force_login(operator)
        client.post(f"/admin/orders/order/{order.pk}/items/", {"confirmed": "1"}, REMOTE_ADDR="198.51.100.7")
        assert GoodsReveal.objects.get().actor == operator
        listed = text_of(client.get("/admin/orders/goodsreveal/"))
        assert "operator@example.com" in listed
        assert "198.51.100.7" in listed
        client.force_login(rich)
        text = text_of(client.get(page(order)))
        assert "The shop" in text
        assert "operator@example.com" not in text
        assert "198.51.100.7" not in text

    def test_a_stranger_leaves_no_trace_and_gets_nothing(self, client, stranger, delivered):
        order = delivered("a:1")
        client.force_login(stranger)
        for answer in (
            client.post(page(order, "reveal")),
            client.post(page(order, "copied")),
            client.get(page(order, "items_file", "txt")),
        ):
            assert answer.status_code == HTTPStatus.NOT_FOUND
        assert not GoodsReveal.objects.exists()

    def test_copied_is_nothing_a_link_can_say(self, me, delivered):
        assert me.get(page(delivered("a:1"), "copied")).status_code == HTTPStatus.METHOD_NOT_ALLOWED


class TestTheEndOfKeeping:
    @pytest.fixture
    def kept(self, settings):
        settings.GOODS_KEPT_DAYS = 30

    def later(self, days=31):
        return timezone.now() + timedelta(days=days)

    def test_nothing_is_removed_where_the_operator_did_not_say_so(self, me, delivered):
        order = delivered("a:1")
        assert purge_goods.purge_goods(now=self.later(9999)) == 0
        assert texts(order) == ["a:1"]
        assert "kept" not in text_of(me.get(page(order)))

    def test_the_page_says_beforehand_until_when(self, me, delivered, running, kept):
        order = delivered("a:1")
        until = timezone.localtime(order.finished_at + timedelta(days=30))
        text = text_of(me.get(page(order)))
        assert "They are kept here until" in text
        assert f"{until:%Y-%m-%d}" in text
        open_order = record(running(quantity=2), "b:1")
        assert "kept for 30 days after the order has ended" in text_of(me.get(page(open_order)))

    def test_they_are_removed_for_good_and_everything_says_so(self, me, delivered, running, kept):
        order, open_order = delivered("a:1", "b:1"), record(running(quantity=2), "c:1")
        assert purge_goods.purge_goods(now=self.later(29)) == 0
        now = self.later()
        assert purge_goods.purge_goods(now=now) == 1
        assert purge_goods.purge_goods(now=now) == 0
        assert texts(order) == ["", ""]
        assert texts(open_order) == ["c:1"]
        order.refresh_from_db()
        assert order.goods_removed_at == now
        said = f"{timezone.localtime(now):%Y-%m-%d}"
        text = text_of(me.get(page(order)))
        assert "The items were removed on" in text
        assert said in text
        assert "Show items" not in text
        assert "Items removed" in text
        for kind in ("txt", "csv"):
            answer = me.get(page(order, "items_file", kind))
            assert answer.status_code == HTTPStatus.GONE
            assert "The items were removed on" in text_of(answer)
        shown = me.post(page(order, "reveal"))
        assert "The items were removed on" in text_of(shown)
        assert not GoodsReveal.objects.exists()
        assert audit().problems == []

    def test_what_was_removed_is_known_when_it_comes_again(self, delivered, kept):
        delivered("a:1")
        purge_goods.purge_goods(now=self.later())
        assert delivered("a:1").twice == 1

    def test_an_item_without_a_mark_is_marked_first(self, delivered, kept):
        order = delivered("a:1")
        order.items.update(mark="")
        assert purge_goods.purge_goods(now=self.later()) == 0
        mark_goods(now=timezone.now())
        assert purge_goods.purge_goods(now=self.later()) == 1

    def test_the_api_tells_none_of_what_was_removed(self, client, rich, delivered, kept):
        from api import keys

        order = delivered("a:1")
        key = keys.make(customer=rich, name="test", now=timezone.now())[1]
        ask = {"key": key, "action": "status", "order": order.pk}
        assert client.post("/api/v2", ask).json()["accounts"] == ["a:1"]
        purge_goods.purge_goods(now=self.later())
        assert "accounts" not in client.post("/api/v2", ask).json()
        several = client.post("/api/v2", {**ask, "orders": str(order.pk)}).json()
        assert "accounts" not in several[str(order.pk)]

    def test_it_goes_on_in_parts(self, delivered, kept):
        for number in range(3):
            delivered(f"{number}:1")
        now = self.later()
        assert [purge_goods.purge_goods(limit=2, now=now) for _ in range(3)] == [2, 1, 0]


class TestTwoThousand:
    def test_they_are_all_in_the_file_and_the_page_lists_the_first(self, me, running):
        many = [f"user{number}@example.com:pass{number}" for number in range(2000)]
        order = running()
        Order.objects.filter(pk=order.pk).update(quantity=2000)
        order = record(Order.objects.get(pk=order.pk), *many)
        with CaptureQueriesContext(connection) as seen:
            response = me.post(page(order, "reveal"))
        assert len(response.context["items"]) == 500
        assert response.context["total"] == 2000
        assert len(seen) <= 12
        text = me.get(page(order, "items_file", "txt"))
        assert b"".join(text.streaming_content).decode().splitlines() == many
        sheet = me.get(page(order, "items_file", "csv"))
        rows = list(csv.reader(io.StringIO(b"".join(sheet.streaming_content).decode("utf-8-sig"))))
        assert [row[1] for row in rows[1:]] == many

    def test_the_page_of_an_order_asks_as_much_whatever_it_has(self, me, delivered):
        counts = []
        for number in (1, 40):
            order = delivered(*(f"{number}-{each}" for each in range(number)))
            me.post(page(order, "reveal"))
            with CaptureQueriesContext(connection) as seen:
                me.get(page(order))
            counts.append(len(seen))
        assert counts[0] == counts[1] <= 12


@pytest.mark.django_db(transaction=True)
def test_two_orders_that_get_the_same_item_in_one_moment_are_not_both_unflagged(running):
    """Each could read before the other has written; one has to wait."""
    orders = [running(quantity=1) for _ in range(4)]

    def get_it(order):
        try:
            record(order, "a:1", word="Completed")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(get_it, orders))
    assert sorted(Order.objects.values_list("twice", flat=True)) == [0, 1, 1, 1]
    assert DeliveredItem.objects.count() == 4
    assert audit().problems == []
