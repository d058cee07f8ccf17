"""Webhooks: every event of a customer's own reaches their address signed, and again until it is taken."""

import hashlib
import hmac
import json
import re
import threading
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.db.models import F
from django.utils import timezone

from api.webhooks import collect, hooks, names, resend, send
from api.webhooks import tasks as webhook_tasks
from api.webhooks.models import Cursor, Delivery, Event, Try, Watch, Webhook
from orders import poll, refund, states, submit
from orders.models import DeliveredItem, Order, OrderEvent
from orders.settle import settle
from orders.verdict import Verdict
from reseller.celery import app
from reseller.up import parts
from sms import acquire, close
from sms.models import Number
from tests.api.webhooks import Receiver, hook, receiver
from tests.sms.conftest import bought, listen_to
from upstream.replies import Status
from wallet import ledger

__all__ = ["bought", "hook", "listen_to", "receiver"]
pytestmark = pytest.mark.django_db
DOCS = Path(__file__).resolve().parents[2] / "docs/webhooks.md"


@pytest.fixture(autouse=True)
def _from_now_on(db):
    """The first sweep only notes where to begin."""
    collect.collect(now=timezone.now())


@pytest.fixture
def running(placed):
    """`running(upstream_id)` places an order and submits it."""

    def running(upstream_id=1, **more):
        order = placed(upstream_id, **more)
        submit.submit(order_id=order.pk)
        order.refresh_from_db()
        return order

    return running


def sweep():
    """What beat does, both parts."""
    collect.collect(now=timezone.now())
    return send.send_due()


def told(receiver):
    """The events that arrived, in the order of their making."""
    return [json.loads(post.body) for post in receiver.got]


def told_names(receiver):
    return sorted(body["event"] for body in told(receiver))


def again(**more):
    """Let what waits be due."""
    Delivery.objects.filter(state="PENDING").update(next_at=timezone.now(), **more)


class TestOrders:
    def test_the_customer_is_told_what_status_answers(self, hook, receiver, running, ask):
        order = running()
        sweep()
        [body] = told(receiver)
        status = ask("status", order=order.pk)
        assert body["event"] == "order.accepted"
        assert body["data"] == {
            "order": order.pk,
            "service": order.service_id,
            "quantity": order.quantity,
            **status,
        }
        assert {name: type(value) for name, value in body["data"].items() if name in status} == {
            name: type(value) for name, value in status.items()
        }

    def test_every_step_that_is_the_customers_is_told_and_no_other(
        self, hook, receiver, running, operator, django_capture_on_commit_callbacks
    ):
        order = running(quantity=100)
        poll.record(order=order, status=Status(status="In progress"), now=timezone.now())
        settle(order_id=order.pk, verdict=Verdict(states.PARTIAL, 60), now=timezone.now())
        refund.refund(
            order_id=order.pk, amount=Decimal("0.0001"), key="k", operator=operator, reason="sorry", now=timezone.now()
        )
        for kind in OrderEvent.FOR_OPERATORS:
            OrderEvent.objects.create(order=order, kind=kind, note="secret", at=timezone.now())
        sweep()
        assert told_names(receiver) == ["order.accepted", "order.partial", "order.refunded", "order.started"]
        assert all("secret" not in post.body.decode() for post in receiver.got)

    def test_delivered_goods_are_told_of_and_not_sent(self, hook, receiver, running, catalogue):
        product = next(pk for pk, service in catalogue.items() if service.entity == "PRODUCT")
        order = running(product, quantity=2)
        goods = ["first@example.com:password", "second@example.com:password"]
        poll.record(order=order, status=Status(status="Completed", accounts=goods), now=timezone.now())
        sweep()
        items = list(DeliveredItem.objects.values_list("text", flat=True))
        assert len(items) == 2
        assert told_names(receiver) == ["order.accepted", "order.completed", "order.delivered"]
        for post in receiver.got:
            assert all(item not in post.body.decode() for item in items)
        ended = [body["data"] for body in told(receiver) if body["event"] == "order.completed"]
        assert [data["delivered"] for data in ended] == [2]

    def test_the_vendor_is_not_in_it(self, hook, receiver, running):
        Order.objects.filter(pk=running().pk).update(
            upstream_id=987654321, upstream_status="hstockplus says so", flag="odd"
        )
        sweep()
        text = receiver.got[0].body.decode() + str(receiver.got[0].headers)
        assert "987654321" not in text
        assert "hstockplus" not in text.lower()

    def test_orders_of_others_are_told_to_nobody(self, hook, receiver, placed, stranger, now):
        ledger.adjust(account=ledger.account_of(stranger), amount=Decimal(100), key="s", memo="s", now=now)
        submit.submit(order_id=placed(1, customer=stranger).pk)
        sweep()
        assert receiver.got == []
        assert Event.objects.count() == 0

    def test_only_what_is_wanted_is_sent_and_each_address_gets_it(self, hook, receiver, running, customer):
        hooks.change(hook_id=hook.pk, customer=customer, url=hook.url, events=["order.completed"])
        hooks.make(customer=customer, url=receiver.url + "/all", events=names.ALL, now=timezone.now())
        hooks.make(customer=customer, url=receiver.url + "/too", events=["order.accepted"], now=timezone.now())
        running()
        sweep()
        assert sorted(post.path for post in receiver.got) == ["/hooks/all", "/hooks/too"]
        assert len({json.loads(post.body)["id"] for post in receiver.got}) == 1

    def test_what_happened_before_there_was_an_address_is_not_told(self, receiver, running, customer):
        running()
        hooks.make(customer=customer, url=receiver.url, events=names.ALL, now=timezone.now() + timedelta(seconds=1))
        sweep()
        assert receiver.got == []


class TestNumbers:
    @pytest.fixture
    def number(self, hook, bought):
        purchase = bought(1)
        acquire.acquire(purchase_id=purchase.pk)
        return purchase.numbers.get()

    def test_a_code_is_told_with_its_text_and_the_end_after_it(
        self, receiver, number, listen_to, sandbox, customer, ask
    ):
        sweep()
        sandbox.advance(21)
        listen_to(number)
        sweep()
        message = number.messages.get()
        code = next(body for body in told(receiver) if body["event"] == "number.code")
        assert code["data"] == {"order": number.pk, **ask("sms_status", order=number.pk), "sms_content": message.text}
        assert code["data"]["code"] == message.code != ""
        close.finish(number_id=number.pk, customer=customer, now=timezone.now())
        sweep()
        sweep()
        assert told_names(receiver) == ["number.code", "number.finished", "number.received"]
        assert not Watch.objects.exists()

    @pytest.mark.parametrize(("end", "name"), [("EXPIRED", "number.expired"), ("CANCELED", "number.canceled")])
    def test_a_number_without_a_code_is_told_to_have_ended(self, receiver, number, end, name):
        sweep()
        close.end(Number.objects.select_related("slot__hold", "purchase").get(pk=number.pk), end, timezone.now())
        sweep()
        assert told_names(receiver) == [name, "number.received"]
        ended = next(body["data"] for body in told(receiver) if body["event"] == name)
        assert (ended["code"], ended["charge"]) == (None, "0.0000")

    def test_a_number_that_came_and_went_between_two_sweeps_is_told_of_in_full(self, receiver, number, listen_to):
        close.end(Number.objects.select_related("slot__hold", "purchase").get(pk=number.pk), "EXPIRED", timezone.now())
        sweep()
        sweep()
        assert told_names(receiver) == ["number.expired", "number.received"]

    def test_an_address_that_is_made_while_numbers_wait_is_told_how_they_end(self, receiver, bought, customer):
        purchase = bought(1)
        acquire.acquire(purchase_id=purchase.pk)
        later = timezone.now() + timedelta(milliseconds=1)
        hooks.make(customer=customer, url=receiver.url, events=names.ALL, now=later)
        sweep()
        number = Number.objects.select_related("slot__hold", "purchase").get()
        close.end(number, "EXPIRED", timezone.now() + timedelta(seconds=1))
        sweep()
        assert told_names(receiver) == ["number.expired"]

    def test_codes_are_ciphertext_in_the_database(self, number, listen_to, sandbox):
        sandbox.advance(21)
        listen_to(number)
        collect.collect(now=timezone.now())
        code = number.messages.get().code
        event = Event.objects.get(name="number.code")
        assert code in event.body
        with connection.cursor() as cursor:
            cursor.execute("SELECT body FROM api_event WHERE name = 'number.code'")
            [(kept,)] = cursor.fetchall()
        assert code not in kept


class TestSweep:
    def test_a_sweep_that_runs_twice_finds_nothing_new(self, hook, receiver, running):
        running()
        assert collect.collect(now=timezone.now()) == 1
        assert collect.collect(now=timezone.now()) == 0
        send.send_due()
        assert send.send_due() == 0
        assert len(receiver.got) == 1

    def test_a_row_that_commits_after_a_younger_one_is_found(self, hook, receiver, running):
        order = running()
        first = OrderEvent.objects.get(kind="ACCEPTED")
        younger = OrderEvent.objects.create(order=order, kind="STARTED", at=timezone.now())
        OrderEvent.objects.filter(pk=first.pk).update(kind="UNCERTAIN")  # not there yet
        sweep()
        assert told_names(receiver) == ["order.started"]
        assert first.pk < younger.pk
        # The mark goes past it, and all the same it is looked for as long again.
        late = timezone.now() + collect.OVERLAP
        assert collect.collect(now=late) == 0
        OrderEvent.objects.filter(pk=first.pk).update(kind="ACCEPTED")
        assert collect.collect(now=late + collect.OVERLAP) == 1
        again()
        send.send_due()
        assert told_names(receiver) == ["order.accepted", "order.started"]

    def test_rows_are_looked_at_for_one_overlap_at_least_and_then_no_more(self, hook, running):
        running()
        now = timezone.now()
        newest = OrderEvent.objects.order_by("-pk").values_list("pk", flat=True)[0]
        before = Cursor.objects.get(pk="ORDER_EVENT").low
        collect.collect(now=now)
        assert Cursor.objects.get(pk="ORDER_EVENT").low == before
        collect.collect(now=now + collect.OVERLAP)  # marks the newest
        assert Cursor.objects.get(pk="ORDER_EVENT").low < newest
        collect.collect(now=now + 2 * collect.OVERLAP - timedelta(seconds=1))
        assert Cursor.objects.get(pk="ORDER_EVENT").low < newest
        collect.collect(now=now + 2 * collect.OVERLAP)
        assert Cursor.objects.get(pk="ORDER_EVENT").low == newest

    def test_more_than_a_batch_is_found_in_one_sweep(self, hook, running, monkeypatch):
        monkeypatch.setattr(collect, "BATCH", 2)
        order = running()
        for _number in range(6):
            OrderEvent.objects.create(order=order, kind="DELIVERED", at=timezone.now())
        assert collect.collect(now=timezone.now()) == 7

    def test_a_backlog_beyond_one_sweep_is_not_passed_over(self, hook, running, monkeypatch):
        monkeypatch.setattr(collect, "BATCH", 2)
        monkeypatch.setattr(collect, "BATCHES", 1)
        order = running()
        for _number in range(5):
            OrderEvent.objects.create(order=order, kind="DELIVERED", at=timezone.now())
        late = timezone.now()
        found = [collect.collect(now=late + number * 2 * collect.OVERLAP) for number in range(5)]
        assert found == [2, 2, 2, 0, 0]

    def test_the_sweeps_are_in_beats_table_and_on_a_queue_that_workers_have(self):
        assert webhook_tasks.collect_events.name in app.tasks
        tasks = {line["task"] for line in app.conf.beat_schedule.values()}
        for task in (webhook_tasks.collect_events, webhook_tasks.send_due, webhook_tasks.forget_events):
            assert task.name in tasks
            assert app.amqp.router.route({}, task.name)["queue"].name == "hooks"
            assert "hooks" in parts.QUEUES

    def test_the_tasks_do_all_of_it(self, hook, receiver, running):
        running()
        webhook_tasks.collect_events()
        webhook_tasks.send_due()
        assert told_names(receiver) == ["order.accepted"]
        running()
        webhook_tasks.collect_events()
        webhook_tasks.send_due()
        assert len(receiver.got) == 2

    def test_one_sender_works_at_a_time_and_one_that_died_is_replaced(self, hook, receiver, running):
        running()
        webhook_tasks.collect_events()
        Cursor.objects.update_or_create(source="SENDER", defaults={"low": 1, "marked_at": timezone.now()})
        webhook_tasks.send_due()
        assert receiver.got == []
        Cursor.objects.filter(source="SENDER").update(marked_at=timezone.now() - webhook_tasks.LEASE)
        webhook_tasks.send_due()
        assert len(receiver.got) == 1

    def test_old_events_are_forgotten_with_their_log(self, hook, receiver, running):
        running()
        sweep()
        collect.forget(now=timezone.now() + collect.KEPT - timedelta(hours=1))
        assert Try.objects.count() == 1
        collect.forget(now=timezone.now() + collect.KEPT + timedelta(hours=1))
        assert not Event.objects.exists()
        assert not Try.objects.exists()

    def test_a_customer_whose_account_is_closed_is_told_nothing(self, hook, receiver, running, customer):
        running()
        collect.collect(now=timezone.now())
        customer.is_active = False
        customer.save()
        assert send.send_due() == 0
        OrderEvent.objects.create(order=Order.objects.get(), kind="STARTED", at=timezone.now())
        assert collect.collect(now=timezone.now()) == 0


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def _twice(self, work):
        problems = []
        barrier = threading.Barrier(2)

        def run():
            try:
                barrier.wait()
                work()
            except Exception as error:
                problems.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []

    def test_two_workers_at_once_tell_each_event_once(self, hook, receiver, running):
        order = running()
        for _number in range(30):
            OrderEvent.objects.create(order=order, kind="DELIVERED", at=timezone.now())
        self._twice(lambda: collect.collect(now=timezone.now()))
        assert Event.objects.count() == Delivery.objects.count() == 31
        self._twice(send.send_due)
        assert len(receiver.got) == 31
        assert len({post.headers["Webhook-Delivery"] for post in receiver.got}) == 31
        assert set(Delivery.objects.values_list("state", flat=True)) == {"DELIVERED"}

    def test_a_sender_lets_the_next_one_begin_before_its_last_post_is_answered(
        self, hook, receiver, running, monkeypatch
    ):
        monkeypatch.setattr(send, "LASTS", 0.5)
        free = []

        def answer(request):
            deadline = time.monotonic() + 10
            while Cursor.objects.get(source="SENDER").low and time.monotonic() < deadline:
                time.sleep(0.05)
            free.append(time.monotonic() < deadline)
            connection.close()
            Receiver.answer(receiver, request)

        receiver.answer = answer
        running()
        webhook_tasks.collect_events()
        webhook_tasks.send_due()
        assert free == [True]
        assert Delivery.objects.get().state == "DELIVERED"

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
    def test_a_transaction_that_ends_late_is_told_of(self, hook, receiver, running):
        from django.db import transaction

        order = running()
        sweep()
        written, go = threading.Event(), threading.Event()

        def slow():
            with transaction.atomic():
                OrderEvent.objects.create(order=order, kind="STARTED", at=timezone.now())
                written.set()
                go.wait(10)
            connection.close()

        thread = threading.Thread(target=slow)
        thread.start()
        written.wait(10)
        OrderEvent.objects.create(order=order, kind="DELIVERED", at=timezone.now())
        sweep()
        assert told_names(receiver) == ["order.accepted", "order.delivered"]
        go.set()
        thread.join()
        sweep()
        assert told_names(receiver) == ["order.accepted", "order.delivered", "order.started"]


class TestSignature:
    def test_it_is_the_hmac_of_moment_and_body(self, hook, receiver, running):
        running()
        sweep()
        post = receiver.got[0]
        moment, mark = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", post.headers["Webhook-Signature"]).groups()
        key = hook.secret.encode()
        assert hmac.new(key, moment.encode() + b"." + post.body, hashlib.sha256).hexdigest() == mark
        assert abs(int(moment) - timezone.now().timestamp()) < 10
        assert post.headers["Content-Type"] == "application/json"
        assert post.headers["Webhook-Id"] == json.loads(post.body)["id"]
        assert post.headers["Webhook-Delivery"] == str(Delivery.objects.get().uid)

    def test_the_check_in_the_docs_takes_ours_and_nothing_else(self, hook, receiver, running):
        code = re.search(r"```python\n(.*?)```", DOCS.read_text(), re.S).group(1)
        space = {}
        exec(code, space)
        running()
        sweep()
        post = receiver.got[0]
        header = post.headers["Webhook-Signature"]
        moment = int(re.match(r"t=(\d+)", header).group(1))
        assert space["is_ours"](hook.secret, header, post.body)
        assert not space["is_ours"](hook.secret + "x", header, post.body)
        assert not space["is_ours"](hook.secret, header, post.body + b" ")
        assert not space["is_ours"](hook.secret, header.replace(f"t={moment}", f"t={moment - 1}"), post.body)
        assert not space["is_ours"](hook.secret, "", post.body)
        with time_machine.travel(timezone.now() + timedelta(minutes=6)):
            assert not space["is_ours"](hook.secret, header, post.body)

    def test_a_new_secret_signs_beside_the_old_one_for_a_day(self, hook, receiver, running, customer):
        old = hook.secret
        new = hooks.rotate(hook_id=hook.pk, customer=customer, now=timezone.now()).secret
        assert new != old
        running()
        sweep()

        def marks(secret):
            post = receiver.got[-1]
            moment = re.match(r"t=(\d+)", post.headers["Webhook-Signature"]).group(1).encode()
            right = hmac.new(secret.encode(), moment + b"." + post.body, hashlib.sha256).hexdigest()
            return f"v1={right}" in post.headers["Webhook-Signature"].split(",")

        assert marks(old)
        assert marks(new)
        Webhook.objects.update(old_secret_until=timezone.now())
        running()
        sweep()
        assert not marks(old)
        assert marks(new)

    def test_the_secret_is_ciphertext_in_the_database(self, hook):
        with connection.cursor() as cursor:
            cursor.execute("SELECT secret FROM api_webhook")
            [(kept,)] = cursor.fetchall()
        assert hook.secret not in kept


class TestTries:
    def test_what_is_not_taken_is_tried_again_and_then_delivered(self, hook, receiver, running):
        receiver.status = 500
        running()
        began = timezone.now()
        sweep()
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.tries) == ("PENDING", 1)
        wait = (delivery.next_at - began).total_seconds()
        assert send.WAITS[0] <= wait < send.WAITS[0] + 5
        assert send.send_due() == 0
        receiver.status = 200
        again()
        assert send.send_due() == 1
        delivery.refresh_from_db()
        assert (delivery.state, delivery.next_at) == ("DELIVERED", None)
        assert [post.status for post in delivery.posts.order_by("pk")] == [500, 200]
        assert receiver.got[0].body == receiver.got[1].body
        for name in ("Webhook-Id", "Webhook-Delivery"):
            assert receiver.got[0].headers[name] == receiver.got[1].headers[name]
        assert Webhook.objects.get().failing_since is None

    def test_a_redirect_is_not_followed_and_is_no_yes(self, hook, receiver, running):
        receiver.status = 302
        running()
        sweep()
        assert [post.path for post in receiver.got] == ["/hooks"]
        assert Try.objects.get().status == 302
        assert Delivery.objects.get().state == "PENDING"

    def test_after_a_day_it_is_given_up_the_address_paused_and_the_customer_told(
        self, hook, receiver, running, django_capture_on_commit_callbacks
    ):
        receiver.status = 503
        running()
        began = moment = timezone.now()
        collect.collect(now=moment)
        with django_capture_on_commit_callbacks(execute=True):
            for _number in range(len(send.WAITS) + 1):
                with time_machine.travel(moment, tick=False):
                    assert send.send_due() == 1
                moment = Delivery.objects.get().next_at or moment
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.tries, delivery.next_at) == ("GIVEN_UP", 12, None)
        assert timedelta(days=1) <= moment - began < timedelta(hours=25)
        hook.refresh_from_db()
        assert not hook.active
        assert hook.paused_at is not None
        [letter] = mail.outbox
        assert letter.to == ["customer@example.com"]
        assert receiver.url in letter.body
        assert f"/account/api/webhooks/{hook.pk}" in letter.body
        running()
        sweep()
        assert len(receiver.got) == 12

    def test_an_address_that_is_away_costs_one_post_a_round_and_the_rest_follow_when_it_is_back(
        self, hook, receiver, running
    ):
        order = running()
        for _number in range(5):
            OrderEvent.objects.create(order=order, kind="DELIVERED", at=timezone.now())
        Webhook.objects.update(failing_since=timezone.now())
        receiver.status = 500
        sweep()
        assert len(receiver.got) == 1
        assert not Delivery.objects.filter(next_at__lte=timezone.now()).exists()
        receiver.status = 200
        Delivery.objects.filter(tries=1).update(next_at=timezone.now())
        assert send.send_due() == 6
        assert set(Delivery.objects.values_list("state", flat=True)) == {"DELIVERED"}

    def test_nobody_else_waits_behind_a_long_queue(self, hook, receiver, running, stranger, now, placed):
        order = running()
        OrderEvent.objects.bulk_create(
            OrderEvent(order=order, kind="DELIVERED", at=timezone.now()) for _number in range(60)
        )
        collect.collect(now=timezone.now())
        Delivery.objects.update(next_at=timezone.now() - timedelta(hours=1))
        ledger.adjust(account=ledger.account_of(stranger), amount=Decimal(100), key="s", memo="s", now=now)
        hooks.make(customer=stranger, url=receiver.url + "/other", events=names.ALL, now=timezone.now())
        submit.submit(order_id=placed(1, customer=stranger).pk)
        collect.collect(now=timezone.now())
        claimed = send._claim(timezone.now())
        assert len(claimed) == send.FOR_ONE + 1
        assert sum(delivery.webhook.url.endswith("/other") for delivery in claimed) == 1

    @pytest.fixture
    def slow_and_quick(self, hook, receiver, running, stranger, now):
        """The customer's server answers when the stranger's has been told, the stranger's at once."""
        told, waited = threading.Event(), []

        def answer(request):
            if request.path == "/hooks/quick":
                told.set()
            else:
                waited.append(told.wait(10))
            Receiver.answer(receiver, request)

        receiver.answer = answer
        order = running()
        OrderEvent.objects.bulk_create(
            OrderEvent(order=order, kind="DELIVERED", at=timezone.now()) for _number in range(20)
        )
        collect.collect(now=timezone.now())
        quick = hooks.make(customer=stranger, url=receiver.url + "/quick", events=names.ALL, now=timezone.now())
        resend.test(hook_id=quick.pk, customer=stranger, now=timezone.now())
        return waited

    def test_nobody_else_waits_for_a_slow_server(self, slow_and_quick):
        # It becomes due when the slow posts are under way.
        Delivery.objects.filter(event__name="test").update(next_at=timezone.now() + timedelta(seconds=1))
        assert send.send_due() == 22
        assert slow_and_quick == [True] * 21

    def test_the_next_sender_begins_while_the_last_one_waits_for_slow_servers(
        self, slow_and_quick, receiver, monkeypatch
    ):
        quick = Delivery.objects.filter(event__name="test")
        quick.update(next_at=timezone.now() + timedelta(hours=1))
        monkeypatch.setattr(send, "LASTS", 0.5)
        taken_over = []

        def next_one():
            quick.update(next_at=timezone.now())
            # Of the slow customer no more are claimed: their share is under way.
            taken_over.extend(delivery.event.name for delivery in send._claim(timezone.now()))
            quick.update(next_at=timezone.now(), claim="")
            send._post(quick.select_related("webhook", "event").get())

        assert send.send_due(next_one) == send.FOR_ONE
        assert taken_over == ["test"]
        assert slow_and_quick == [True] * send.FOR_ONE

    def test_a_worker_that_vanished_loses_nothing(self, hook, receiver, running):
        running()
        collect.collect(now=timezone.now())
        assert len(send._claim(timezone.now())) == 1
        assert send.send_due() == 0
        Delivery.objects.update(next_at=F("next_at") - send.CLAIMED)
        assert send.send_due() == 1
        assert len(receiver.got) == 1

    def test_an_answer_after_the_claim_was_taken_over_changes_nothing(self, hook, receiver, running):
        running()
        collect.collect(now=timezone.now())
        [claimed] = send._claim(timezone.now())
        Delivery.objects.update(claim="another")
        send.record(claimed, send.Answer(500, "", 1), now=timezone.now())
        assert Delivery.objects.get().tries == 0
        assert Try.objects.count() == 1

    def test_an_address_that_was_removed_meanwhile_is_no_fault(self, hook, receiver, running, customer):
        running()
        collect.collect(now=timezone.now())
        [claimed] = send._claim(timezone.now())
        hooks.remove(hook_id=hook.pk, customer=customer)
        send.record(claimed, send.Answer(500, "", 1), now=timezone.now())
        assert not Delivery.objects.exists()


class TestByHand:
    def test_a_delivery_is_sent_again_under_its_own_id(self, hook, receiver, running, customer):
        running()
        sweep()
        delivery = Delivery.objects.get()
        resend.resend(delivery_id=delivery.pk, hook_id=hook.pk, customer=customer, now=timezone.now())
        send.send_due()
        assert len(receiver.got) == 2
        assert receiver.got[0].headers["Webhook-Delivery"] == receiver.got[1].headers["Webhook-Delivery"]
        assert Delivery.objects.get().state == "DELIVERED"

    def test_what_was_given_up_is_tried_as_often_as_a_new_one(self, hook, receiver, running, customer):
        receiver.status = 500
        running()
        sweep()
        Delivery.objects.update(state="GIVEN_UP", tries=12, next_at=None)
        delivery = Delivery.objects.get()
        resend.resend(delivery_id=delivery.pk, hook_id=hook.pk, customer=customer, now=timezone.now())
        send.send_due()
        delivery.refresh_from_db()
        assert (delivery.state, delivery.tries) == ("PENDING", 1)

    def test_nothing_goes_to_an_address_that_is_off(self, hook, running, customer, now):
        running()
        collect.collect(now=timezone.now())
        hooks.switch_off(hook_id=hook.pk, customer=customer, now=timezone.now())
        delivery = Delivery.objects.get()
        assert delivery.state == "GIVEN_UP"
        with pytest.raises(resend.CantSend):
            resend.resend(delivery_id=delivery.pk, hook_id=hook.pk, customer=customer, now=now)
        with pytest.raises(resend.CantSend):
            resend.test(hook_id=hook.pk, customer=customer, now=now)
        OrderEvent.objects.create(order=Order.objects.get(), kind="STARTED", at=timezone.now())
        hooks.switch_on(hook_id=hook.pk, customer=customer, now=timezone.now() + timedelta(milliseconds=1))
        assert collect.collect(now=timezone.now()) == 0

    def test_a_test_goes_to_one_address_whatever_it_wants(self, hook, receiver, customer):
        hooks.change(hook_id=hook.pk, customer=customer, url=hook.url, events=["order.completed"])
        hooks.make(customer=customer, url=receiver.url + "/other", events=names.ALL, now=timezone.now())
        resend.test(hook_id=hook.pk, customer=customer, now=timezone.now())
        send.send_due()
        assert [(post.path, json.loads(post.body)["event"]) for post in receiver.got] == [("/hooks", "test")]

    def test_tests_are_counted(self, hook, customer, now):
        for _number in range(resend.MOST_TESTS):
            resend.test(hook_id=hook.pk, customer=customer, now=now)
        with pytest.raises(resend.CantSend):
            resend.test(hook_id=hook.pk, customer=customer, now=now)
        resend.test(hook_id=hook.pk, customer=customer, now=now + timedelta(minutes=2))

    def test_one_webhook_too_many_is_refused(self, receiver, customer, now):
        for _number in range(hooks.MOST):
            hooks.make(customer=customer, url=receiver.url, events=names.ALL, now=now)
        with pytest.raises(hooks.CantMake):
            hooks.make(customer=customer, url=receiver.url, events=names.ALL, now=now)
