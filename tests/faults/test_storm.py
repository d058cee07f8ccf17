"""A storm over a whole shop in its short form; and that the comparison which ends it can see what is wrong."""

import dataclasses
import json
import os
import subprocess
import sys
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone

from catalog.models import Service
from catalog.sync import sync_catalog
from core.once import once_key
from orders import place, poll, states
from orders.models import DeliveredItem, Order
from orders.submit import submit
from sms import acquire, buy, listen
from sms.models import Number, Project
from sms.sync import sync_sms
from tests.faults.storm import promise, schedule
from tests.faults.storm.customers import Form
from tests.faults.storm.schedule import Size, Wish
from wallet import ledger
from wallet.models import Hold

SEED = 20261124
POSTGRES = pytest.mark.skipif(not settings.ON_POSTGRES, reason="the storm has a PostgreSQL of its own: once is enough")


# ── The short storm ────────────────────────────────────────────────────────────────────────────────
@POSTGRES
@pytest.mark.faults
@pytest.mark.django_db
def test_a_storm_over_the_whole_shop_loses_nothing_and_buys_nothing_twice(tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.faults.storm", "--seed", str(SEED), "--seconds", "38"),
            *("--orders", "85", "--numbers", "28", "--quiet-within", "150", "--folder", str(tmp_path)),
        ],
        cwd=settings.BASE_DIR,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-10_000:]}"
    figures = json.loads(done.stdout.splitlines()[-1])
    assert (figures["lost"], figures["doubled"], figures["audit_problems"]) == (0, 0, 0)
    # A storm that hits little proves little.
    assert figures["orders"] >= 60
    assert figures["numbers"] + 4 * figures["purchases_by_state"].get("UNCERTAIN", 0) >= 15
    assert figures["upstream_calls_hit_share_in_storm"] >= 0.15
    assert all(figures["kills"].values()), figures["kills"]
    assert all(figures["other_faults"].values()), figures["other_faults"]
    assert figures["orders_by_state"]["COMPLETED"] >= 20


# ── The schedule ───────────────────────────────────────────────────────────────────────────────────
LONG = Size(seconds=1800, orders=2100, numbers=640)
PROJECTS = [f"project{number}" for number in range(290)]


def test_a_seed_plans_the_same_storm_again_and_another_seed_another():
    assert schedule.acts(7, LONG) == schedule.acts(7, LONG)
    assert [str(act) for act in schedule.acts(7, LONG)] == [str(act) for act in schedule.acts(7, LONG)]
    assert [str(act) for act in schedule.acts(7, LONG)] != [str(act) for act in schedule.acts(8, LONG)]
    assert schedule.wishes(7, LONG, PROJECTS) == schedule.wishes(7, LONG, PROJECTS)


def test_a_long_storm_has_every_kind_of_fault_several_times():
    acts = schedule.acts(7, LONG)
    kills = [act.details["name"] for act in acts if act.name == "kill"]
    assert {name: kills.count(name) >= 3 for name in set(kills)} == dict.fromkeys(
        ("web", "worker1", "worker2", "beat", "valkey"), True
    )
    names = [act.name for act in acts]
    assert all(names.count(name) >= 2 for name in ("flush", "cut", "broke", "revoke", "step", "weather"))
    assert {act.details["offset"] for act in acts if act.name == "step"} >= {60.0, -60.0}


def test_every_wish_can_be_known_again_in_the_vendors_journal():
    wishes = schedule.wishes(7, LONG, PROJECTS)
    links = [wish.mark for wish in wishes if wish.mark and wish.kind == "order"]
    projects = [wish.item for wish in wishes if wish.kind == "numbers"]
    assert len(set(links)) == len(links)
    assert len(set(projects)) == len(projects)
    assert sum(wish.quantity for wish in wishes if wish.kind == "numbers") == LONG.numbers


# ── The promise can see what is wrong ──────────────────────────────────────────────────────────────
@pytest.fixture
def shop_after(db, sandbox, customer):
    """A finished service, a finished product and a number with its code; and the forms they came of."""
    now = timezone.now()
    sandbox.vendor.clock.speed = 0.0
    ledger.adjust(account=ledger.account_of(customer), amount=Decimal(1000), key="rich", memo="rich", now=now)
    sync_catalog()
    sync_sms()
    forms = []

    def form(kind, item, quantity, mark, pk=None):
        wish = Wish(len(forms), 0.0, 0, kind, item, quantity, mark, "patient")
        forms.append(Form(wish=wish, email=customer.email, item=item, key=f"key{len(forms)}", quantity=quantity))
        forms[-1].sent = forms[-1].answered = 1
        return once_key(forms[-1].key, item, quantity, mark)

    for upstream_id, quantity, link in [(1, 100, "https://instagram.com/p/one"), (7, 3, "")]:
        service = Service.objects.get(upstream_id=upstream_id)
        key = form("order", service.pk, quantity, link)
        order = place.order(
            customer=customer, service_id=service.pk, quantity=quantity, link=link, form_key=key, now=now
        )
        forms[-1].orders = {order.pk}
        assert submit(order_id=order.pk) == states.RUNNING
    project = Project.objects.get(upstream_id=sandbox.vendor.projects_that("code", country="us")[0])
    key = form("numbers", project.pk, 2, "")
    purchase = buy.numbers(customer=customer, project_id=project.pk, quantity=2, form_key=key, now=now)
    acquire.acquire(purchase_id=purchase.pk)
    sandbox.advance(200)
    for order in Order.objects.all():
        poll.poll_one(order_id=order.pk)
    Number.objects.update(next_poll_at=now)
    listen.listen_due()
    assert set(Order.objects.values_list("state", flat=True)) == {states.COMPLETED}
    assert set(Number.objects.values_list("state", flat=True)) == {"RECEIVED"}
    return promise.journal_of(sandbox), forms


def broken(journal, forms, statements=None):
    return [found.text for found in promise.kept(journal, forms, statements or {})]


def test_the_promise_is_kept_by_a_shop_that_nothing_happened_to(shop_after):
    assert broken(*shop_after) == []


def changed(journal, action, **fields):
    """The journal with one of its rows changed."""
    position = next(place for place, sold in enumerate(journal) if sold.action == action)
    return [*journal[:position], dataclasses.replace(journal[position], **fields), *journal[position + 1 :]]


def test_an_order_that_the_vendor_has_twice_is_seen(shop_after):
    journal, forms = shop_after
    twice = dataclasses.replace(journal[0], id=99_999, request=99_999)
    assert [text for text in broken([*journal, twice], forms) if text.startswith("bought 2 times")]
    # What it gave all the money back for does no harm.
    undone = dataclasses.replace(twice, paid_back=twice.charge)
    assert broken([*journal, undone], forms) == []
    assert promise.bought_again([*journal, undone]) == 1


def test_numbers_that_were_bought_by_two_requests_are_seen(shop_after):
    journal, forms = shop_after
    number = next(sold for sold in journal if sold.action == "add_sms")
    twice = dataclasses.replace(number, id=99_999, request=99_999)
    assert [text for text in broken([*journal, twice], forms) if text.startswith("bought 2 times")]
    # Two numbers of one request are one purchase.
    assert not [text for text in broken([*journal, dataclasses.replace(number, id=99_999)], forms) if "times" in text]


@pytest.mark.parametrize("action", ["add", "add_sms"])
def test_what_the_vendor_has_and_nobody_owns_is_seen(shop_after, action):
    journal, forms = shop_after
    found = broken(changed(journal, action, link="nobody's", item="nothing"), forms)
    assert any("is nobody's" in text for text in found)


def test_an_order_for_something_else_than_was_asked_is_seen(shop_after):
    journal, forms = shop_after
    assert any("is not what the vendor's" in text for text in broken(changed(journal, "add", quantity=200), forms))


@pytest.mark.parametrize("action", ["add", "add_sms"])
def test_what_we_have_and_the_vendor_does_not_is_seen(shop_after, action):
    journal, forms = shop_after
    assert any("which the vendor denies" in text for text in broken(changed(journal, action, id=99_999), forms))


def test_an_accepted_order_that_we_gave_up_is_seen_and_one_in_doubt_is_not(shop_after):
    journal, forms = shop_after
    now = timezone.now()
    service = Service.objects.get(upstream_id=1)
    order = place.order(
        customer=Order.objects.first().customer,
        service_id=service.pk,
        quantity=100,
        link="https://instagram.com/p/two",
        form_key=once_key("two", service.pk, 100, "https://instagram.com/p/two"),
        now=now,
    )
    wish = Wish(9, 0.0, 0, "order", 1, 100, "https://instagram.com/p/two", "gone")
    forms = [*forms, Form(wish=wish, email=order.customer.email, item=service.pk, key="two", quantity=100, sent=1)]
    sold = dataclasses.replace(journal[0], id=99_999, request=99_999, link="https://instagram.com/p/two")
    Order.objects.filter(pk=order.pk).update(state=states.UNCERTAIN, flag="no answer")
    assert broken([*journal, sold], forms) == [f"order {order.pk} is UNCERTAIN and does not say why"]
    order.attempts.create(claim="c", request={}, started_at=now)
    assert broken([*journal, sold], forms) == []
    ledger.release(hold=order.hold, now=now)
    Order.objects.filter(pk=order.pk).update(state=states.REJECTED, finished_at=now)
    assert broken([*journal, sold], forms) == [f"the vendor's order 99999 is order {order.pk}, which is REJECTED"]


def test_a_charge_that_the_balance_is_wrongly_said_to_prove_is_seen(shop_after):
    journal, forms = shop_after
    Order.objects.filter(service__upstream_id=1).update(state=states.UNCERTAIN, finding="CHARGED", finished_at=None)
    assert not [text for text in broken(journal, forms) if "was never charged" in text]
    assert [text for text in broken(journal[1:], forms) if "was never charged" in text]


def test_goods_that_are_missing_or_went_to_somebody_else_are_seen(shop_after):
    journal, forms = shop_after
    item = DeliveredItem.objects.first()
    text = item.text
    item.text = "somebody else's"
    item.save()
    assert any("which are not the vendor's" in line for line in broken(journal, forms))
    item.text = text
    item.save()
    service = Order.objects.get(service__upstream_id=1)
    DeliveredItem.objects.create(order=service, position=1, text=text, delivered_at=timezone.now())
    assert any("have the same item" in line for line in broken(journal, forms))


def test_a_count_that_is_not_the_vendors_is_seen(shop_after):
    journal, forms = shop_after
    assert any("the vendor delivered 40" in text for text in broken(changed(journal, "add", delivered=40), forms))


def test_a_number_that_was_paid_without_a_code_is_seen(shop_after):
    journal, forms = shop_after
    number = Number.objects.first()
    number.messages.all().delete()
    assert broken(journal, forms) == [f"number {number.pk} has 0 codes, its hold is CAPTURED"]


def test_a_code_that_the_vendor_never_sent_is_seen(shop_after):
    journal, forms = shop_after
    assert any("never sent" in text for text in broken(changed(journal, "add_sms", codes=("0",)), forms))


def test_money_that_is_set_aside_for_nothing_is_seen(shop_after, customer):
    ledger.hold(account=ledger.account_of(customer), amount=Decimal(3), key="forgotten", now=timezone.now())
    assert broken(*shop_after) == ["3.000000 USD are still set aside by forgotten, for nothing"]
    Hold.objects.filter(key="forgotten").delete()
    assert any("open holds of" in text for text in broken(*shop_after))


def test_a_statement_that_does_not_come_to_the_balance_is_seen(shop_after, customer, client):
    journal, forms = shop_after
    client.force_login(customer)
    mine = b"".join(client.get("/wallet/statement.csv").streaming_content).decode("utf-8-sig")
    assert broken(journal, forms, {customer.email: mine}) == []
    shorter = mine.splitlines()
    del shorter[2]
    assert any("and reads" in text for text in broken(journal, forms, {customer.email: "\n".join(shorter)}))


def test_a_form_that_bought_nothing_or_twice_or_was_never_sent_is_seen(shop_after):
    journal, forms = shop_after
    assert any("and is not there" in text for text in broken(journal, [*forms, dataclasses.replace(forms[0], key="x")]))
    assert any("came of no form" in text for text in broken(journal, forms[1:]))
    assert any("request that broke off" in text for text in broken(journal, [_unsent(forms[0]), *forms[1:]]))
    refused = dataclasses.replace(forms[0], answered=0, refused="Not enough", orders=set())
    assert any("was refused" in text for text in broken(journal, [refused, *forms[1:]]))
    other = dataclasses.replace(forms[0], orders=forms[1].orders)
    assert any("was answered with orders" in text for text in broken(journal, [other, *forms[1:]]))


def _unsent(form):
    return dataclasses.replace(form, sent=0, answered=0, orders=set())
