"""The stand-in for the vendor keeps to the contract, to its books, and breaks only when told to."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path

import pytest
import requests
from django.core.management import CommandError, call_command

from upstream.sandbox import catalogue
from upstream.sandbox.books import show_balance, show_charge
from upstream.sandbox.faults import KINDS
from upstream.sandbox.server import Sandbox

ROOT = Path(__file__).resolve().parents[2]
KEY = "sandbox-key"
LINK = "https://instagram.com/username"
GMAIL = 2  # USD 25 each, delivered automatically
FOLLOWERS = 1  # USD 0.50 for 1,000


@pytest.fixture
def sandbox():
    """A vendor whose time stands still until the test moves it."""
    with Sandbox(speed=0) as running:
        yield running


@pytest.fixture(scope="module")
def untouched():
    """One vendor for the tests that move nothing, and prove it."""
    with Sandbox(speed=0) as running:
        yield running


@pytest.fixture
def ask(sandbox):
    """Ask the API over one kept-alive connection; answers the JSON."""
    with requests.Session() as session:

        def ask(action, **fields):
            form = {"key": KEY, "action": action, **fields}
            answer = session.post(sandbox.url, data=form, timeout=5)
            assert answer.status_code == 200
            return answer.json()

        yield ask


def order(ask, service=FOLLOWERS, quantity=1_000, link=LINK):
    return ask("add", service=service, link=link, quantity=quantity)["order"]


def types(value):
    return {name: type(inner) for name, inner in value.items()}


# ── Shapes: what the contract prints ─────────────────────────────────────────────────────────────────
def test_categories_list_their_subcategories(ask):
    answer = ask("categories")
    assert list(answer) == ["categories"]
    assert len(answer["categories"]) >= 8
    for row in answer["categories"]:
        assert types(row) == {"category": str, "subcategories": list}
        assert all(type(name) is str for name in row["subcategories"])
    assert "Followers" in next(row["subcategories"] for row in answer["categories"] if row["category"] == "Instagram")


def test_services_have_the_printed_fields_and_a_few_unknown_ones(ask):
    answer = ask("services")
    assert {name: answer[name] for name in answer if name != "services"} == {
        "total": 500,
        "page": 1,
        "limit": 500,
        "total_pages": 1,
    }
    printed = {
        "service": int,
        "name": str,
        "type": str,
        "category": str,
        "rate": str,
        "min": int,
        "max": int,
        "refill": bool,
        "cancel": bool,
        "stock": int,
        "entityType": str,
        "autoDelivery": bool,
    }
    for row in answer["services"]:
        assert types(row) == printed | {"id": str, "description": str}
        assert re.fullmatch(r"\d+\.\d{1,5}", row["rate"])
        assert Decimal(row["rate"]) > 0
        assert 0 < row["min"] <= row["max"]
        assert row["entityType"] in ("smm", "product")
    assert {row["entityType"] for row in answer["services"]} == {"smm", "product"}
    assert {row["autoDelivery"] for row in answer["services"]} == {True, False}


def test_services_come_in_pages(ask):
    whole = ask("services")["services"]
    third = ask("services", page=3, limit=50)
    assert (third["total"], third["page"], third["limit"], third["total_pages"]) == (500, 3, 50, 10)
    assert third["services"] == whole[100:150]
    assert ask("services", page=11, limit=50)["services"] == []


def test_services_are_filtered_by_category_and_subcategory(ask):
    whole = {row["service"] for row in ask("services")["services"]}
    instagram = ask("services", category="Instagram")["services"]
    assert {row["category"] for row in instagram} == {"Instagram"}
    pair = {row["service"] for row in ask("services", category="Instagram", subcategory="Likes")["services"]}
    assert pair < {row["service"] for row in instagram} < whole
    assert pair == {
        row["service"] for row in ask("services", subcategory="Likes")["services"] if row["category"] == "Instagram"
    }
    assert ask("services", category="Nothing")["total"] == 0


def test_the_catalogue_has_the_oddities_of_the_live_one(ask):
    rows = ask("services")["services"]
    listed = {row["category"] for row in ask("categories")["categories"]}
    assert {row["category"] for row in rows} - listed == {"Accounts-Email", "Reddit-Services"}
    assert any("<b>" in row["name"] for row in rows)
    assert any("抖音" in row["name"] and "متابعين" in row["name"] for row in rows)
    assert any(row["stock"] == 0 for row in rows)


def test_inventory_answers_as_printed(ask):
    assert ask("inventory", service=20) == {
        "service": 20,
        "stock": 3,
        "available": True,
        "entityType": "product",
        "autoDelivery": True,
    }
    assert ask("inventory", service=16)["available"] is False


def test_an_smm_order_moves_as_printed(sandbox, ask):
    number = order(ask)
    assert type(number) is int
    pending = ask("status", order=number)
    assert pending == {
        "status": "Pending",
        "charge": "0.50",
        "start_count": 0,
        "remains": 1_000,
        "currency": "USD",
        "autoDelivery": True,
    }
    seen = []
    for _ in range(62):
        sandbox.advance(1)
        seen.append(ask("status", order=number))
    words = list(dict.fromkeys(answer["status"] for answer in seen))
    assert words == ["Pending", "In progress", "Completed"]
    assert all(types(answer) == types(pending) for answer in seen)
    remains = [answer["remains"] for answer in seen]
    assert remains == sorted(remains, reverse=True)
    assert len(set(remains)) > 10
    assert remains[-1] == 0
    starts = {answer["start_count"] for answer in seen if answer["status"] != "Pending"}
    assert len(starts) == 1
    assert starts.pop() > 0


def test_a_product_order_delivers_accounts_in_parts_that_only_grow(sandbox, ask):
    by_hand = sandbox.vendor.services_that("complete", entity="product", auto=False)[0]
    number = order(ask, by_hand, 7, "ref-1")
    assert "accounts" not in ask("status", order=number)
    before, sizes = [], set()
    for _ in range(200):
        sandbox.advance(1)
        answer = ask("status", order=number)
        accounts = answer.get("accounts", [])
        assert accounts[: len(before)] == before
        assert answer["remains"] == 7 - len(accounts)
        before = accounts
        sizes.add(len(accounts))
    assert len(sizes) > 2
    assert answer["status"] == "Completed"
    assert answer["entityType"] == "product"
    assert answer["autoDelivery"] is False
    assert len(set(accounts)) == 7
    assert all(re.fullmatch(r"[^:|]+:[^:|]+\|[^:|]+", account) for account in accounts)


def test_no_two_orders_get_the_same_account(sandbox, ask):
    numbers = [order(ask, GMAIL, 20) for _ in range(3)]
    sandbox.advance(60)
    accounts = [account for number in numbers for account in ask("status", order=number)["accounts"]]
    assert len(set(accounts)) == 60


def test_balance_answers_as_printed(sandbox, ask):
    sandbox.set_balance(Decimal("100"))
    assert ask("balance") == {"balance": "100.00", "currency": "USD"}


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("5", "5.00"), ("0.5", "0.50"), ("0.125", "0.125"), ("0.00001", "0.00"), ("1.23456", "1.2346")],
)
def test_a_charge_shows_two_to_four_decimals(amount, shown):
    assert show_charge(Decimal(amount)) == shown


def test_the_balance_never_shows_more_than_there_is():
    assert show_balance(Decimal("1.23459")) == "1.2345"


def test_sms_countries_are_a_bare_list_with_some_dial_codes(ask):
    rows = ask("sms_countries")
    assert rows[0] == {"country_code": "us", "country_name": "United States"}
    assert any(row["country_code"].startswith("+") for row in rows)


def test_sms_projects_are_a_bare_list_filtered_by_country_id(ask):
    rows = ask("sms_projects")
    assert all(
        list(types(row).items()) == [(n, str) for n in ("project_id", "name", "price", "country_id", "country_title")]
        for row in rows
    )
    assert all(re.fullmatch(r"\d+\.\d{4}", row["price"]) for row in rows)
    telegram = [row for row in rows if row["name"] == "Telegram"]
    assert len({row["project_id"] for row in telegram}) == len(telegram) > 5
    assert len({row["price"] for row in telegram}) > 3
    assert ask("sms_projects", country="us") == [row for row in rows if row["country_id"] == "us"]
    assert any(row["country_title"].islower() for row in rows)
    assert ask("sms_projects", country="af")
    assert ask("sms_projects", country="+93") == []


def test_a_code_arrives_as_printed(sandbox, ask):
    project = sandbox.vendor.projects_that("code", country="us")[0]
    (row,) = ask("add_sms", project_id=project, country="us")["orders"]
    assert types(row) == {"order": int, "phone": str, "country": str, "status": str}
    assert re.fullmatch(r"\+1\d{10}", row["phone"])
    assert (row["country"], row["status"]) == ("us", "active")
    assert ask("sms_code", order=row["order"]) == {"status": "waiting", "message": "Waiting for code"}
    waiting = ask("sms_status", order=row["order"])
    assert (waiting["status"], waiting["code"]) == ("active", None)
    sandbox.advance(21)
    code = ask("sms_code", order=row["order"])
    assert code["status"] == "completed"
    assert code["code"] in code["sms_content"]
    answer = ask("sms_status", order=row["order"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answer.pop("expires_at"))
    assert answer == {
        "status": "code_received",
        "phone": row["phone"],
        "code": code["code"],
        "charge": format(sandbox.vendor.projects[project].price, ".4f"),
        "currency": "USD",
    }
    sandbox.advance(300)
    assert ask("sms_status", order=row["order"])["status"] == "completed"
    assert ask("sms_code", order=row["order"])["code"] == code["code"]
    assert sandbox.vendor.pay_backs == []


# ── Refusals ─────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"key": "wrong", "action": "balance"}, "Invalid API key"),
        ({"key": "", "action": ""}, "Invalid API key"),
        ({"action": "nonsense"}, "Invalid action"),
        ({"action": ""}, "Invalid action"),
        ({"action": "add"}, "Service ID is required"),
        ({"action": "inventory"}, "Service ID is required"),
        ({"action": "inventory", "service": "99999"}, "Service not found"),
        ({"action": "add", "service": "99999", "link": LINK, "quantity": "1"}, "Service not found"),
        ({"action": "status", "order": "1"}, "Order not found"),
        ({"action": "status", "order": "x"}, "Order not found"),
        ({"action": "status"}, "Order ID is required"),
        ({"action": "sms_code", "order": "1"}, "Order not found"),
        ({"action": "sms_status", "order": "1"}, "Order not found"),
        ({"action": "add", "service": "1", "quantity": "100"}, "Link is required"),
        ({"action": "add", "service": "1", "link": LINK}, "Quantity is required"),
        ({"action": "add", "service": "1", "link": LINK, "quantity": "-5"}, "Quantity is required"),
        ({"action": "add", "service": "1", "link": LINK, "quantity": "99"}, "Quantity is less than minimal 100"),
        (
            {"action": "add", "service": "1", "link": LINK, "quantity": "10001"},
            "Quantity is more than maximal 10000",
        ),
        ({"action": "add", "service": "20", "quantity": "4"}, "Not enough stock"),
        ({"action": "add_sms"}, "Project ID is required"),
        ({"action": "add_sms", "project_id": "none"}, "Project not found"),
    ],
)
def test_a_refusal_has_its_words_and_moves_nothing(untouched, form, words):
    answer = requests.post(untouched.url, data={"key": KEY} | form, timeout=5)
    assert answer.status_code == 200
    assert answer.json() == {"error": words}
    assert untouched.vendor.journal == []
    assert untouched.vendor.balance == 100_000


def test_a_balance_that_is_too_low_refuses_orders_and_numbers(sandbox, ask):
    sandbox.set_balance(Decimal("0.0499"))
    assert ask("add", service=FOLLOWERS, link=LINK, quantity=100) == {"error": "Insufficient balance"}
    project = sandbox.vendor.projects_that("code")[0]
    assert ask("add_sms", project_id=project) == {"error": "Insufficient balance"}
    sandbox.set_balance(Decimal("0.05"))
    assert "order" in ask("add", service=FOLLOWERS, link=LINK, quantity=100)
    assert sandbox.vendor.balance == 0


# ── Money and stock ──────────────────────────────────────────────────────────────────────────────────
def test_smm_is_charged_by_the_thousand_and_products_by_the_piece(sandbox, ask):
    order(ask, 17, 501)  # USD 0.00123 for 1,000
    order(ask, GMAIL, 3)
    assert [entry.charge for entry in sandbox.vendor.purchases] == [
        Decimal("0.00061623"),
        Decimal("75.00"),
    ]
    assert sandbox.vendor.balance == Decimal("100000") - Decimal("75.00061623")


def test_a_partial_order_pays_back_exactly_what_was_not_delivered(sandbox, ask):
    sandbox.plan(service=9, behaviour="partial", deliver=3)
    stock = sandbox.vendor.services[9].stock
    number = order(ask, 9, 7)
    assert ask("inventory", service=9)["stock"] == stock - 7
    sandbox.advance(300)
    answer = ask("status", order=number)
    assert (answer["status"], answer["remains"], answer["charge"]) == ("Partial", 4, "31.4997")
    assert len(answer["accounts"]) == 3
    (back,) = sandbox.vendor.pay_backs
    assert (back.order, back.amount, back.reason) == (number, 4 * Decimal("10.4999"), "Partial")
    assert sandbox.vendor.balance == 100_000 - 3 * Decimal("10.4999")
    assert ask("inventory", service=9)["stock"] == stock - 3


@pytest.mark.parametrize(("behaviour", "word"), [("cancel", "Canceled"), ("fail", "Fail")])
def test_a_canceled_or_failed_order_pays_everything_back_once(sandbox, ask, behaviour, word):
    service = sandbox.vendor.services_that(behaviour, entity="smm")[0]
    stock = sandbox.vendor.services[service].stock
    number = order(ask, service, 1_000)
    sandbox.advance(300)
    for _ in range(2):
        answer = ask("status", order=number)
        assert (answer["status"], answer["remains"], answer["charge"]) == (word, 1_000, "0.00")
    assert len(sandbox.vendor.pay_backs) == 1
    assert sandbox.vendor.balance == 100_000
    assert sandbox.vendor.services[service].stock == stock


def test_money_comes_back_even_if_nobody_asks_for_the_order(sandbox, ask):
    order(ask, sandbox.vendor.services_that("cancel", entity="smm")[0], 1_000_000)
    assert ask("balance")["balance"] == "99996.50"
    sandbox.advance(300)
    assert ask("balance")["balance"] == "100000.00"


def test_a_slow_order_takes_its_time_and_completes(sandbox, ask):
    number = order(ask, sandbox.vendor.services_that("slow", entity="smm")[0], 100)
    sandbox.advance(120)
    assert ask("status", order=number)["status"] == "In progress"
    sandbox.advance(600)
    assert ask("status", order=number)["status"] == "Completed"


def test_the_books_add_up_after_many_orders_at_once(sandbox, ask):
    def buy(service, quantity):
        form = {"key": KEY, "action": "add", "service": service, "link": LINK, "quantity": quantity}
        for _ in range(10):
            assert "order" in requests.post(sandbox.url, data=form, timeout=5).json()

    threads = [threading.Thread(target=buy, args=pair) for pair in [(19, 1_003), (3, 77), (4, 999), (10, 1)]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sandbox.advance(3_600)
    vendor = sandbox.vendor
    assert len(vendor.purchases) == 40
    assert len({entry.order for entry in vendor.purchases}) == 40
    spent = sum(entry.charge for entry in vendor.purchases) - sum(e.amount for e in vendor.pay_backs)
    assert vendor.balance == 100_000 - spent
    assert spent == sum(one.unit_price * one.final_delivered for one in vendor.orders.values())


# ── SMS ──────────────────────────────────────────────────────────────────────────────────────────────
def test_a_number_without_a_code_expires_and_is_paid_back(sandbox, ask):
    project = sandbox.vendor.projects_that("expire", country="us")[0]
    price = sandbox.vendor.projects[project].price
    rows = ask("add_sms", project_id=project, quantity=3)["orders"]
    assert len({row["phone"] for row in rows}) == 3
    assert sandbox.vendor.balance == 100_000 - 3 * price
    sandbox.advance(299)
    assert ask("sms_code", order=rows[0]["order"])["status"] == "waiting"
    sandbox.advance(2)
    assert ask("sms_code", order=rows[0]["order"])["status"] == "expired"
    answer = ask("sms_status", order=rows[0]["order"])
    assert (answer["status"], answer["code"], answer["charge"]) == ("expired", None, "0.0000")
    assert sandbox.vendor.balance == 100_000


def test_a_canceled_number_is_paid_back(sandbox, ask):
    project = sandbox.vendor.projects_that("cancel", country="us")[0]
    (row,) = ask("add_sms", project_id=project)["orders"]
    sandbox.advance(41)
    assert ask("sms_status", order=row["order"])["status"] == "canceled"
    assert sandbox.vendor.balance == 100_000


def test_a_second_message_follows_the_first(sandbox, ask):
    sandbox.plan_sms(behaviour="two", seconds=5, second=10, code="123456")
    (row,) = ask("add_sms", project_id=sandbox.vendor.projects_that("code")[0])["orders"]
    sandbox.advance(6)
    first = ask("sms_code", order=row["order"])
    assert first["code"] == "123456"
    sandbox.advance(10)
    assert ask("sms_code", order=row["order"])["code"] != "123456"
    assert len(sandbox.vendor.purchases) == 1


def test_some_projects_give_fewer_numbers_than_asked_for_and_charge_those(sandbox, ask):
    us = {row["name"]: row for row in ask("sms_projects", country="us")}
    assert len(ask("add_sms", project_id=us["Netflix"]["project_id"], quantity=5)["orders"]) == 2
    assert sandbox.vendor.balance == 100_000 - 2 * Decimal(us["Netflix"]["price"])
    assert ask("add_sms", project_id=us["PayPal"]["project_id"]) == {"error": "No numbers available"}


@pytest.mark.parametrize("quantity", ["0", "11", "-1", "x"])
def test_a_purchase_is_of_one_to_ten_numbers(sandbox, ask, quantity):
    project = sandbox.vendor.projects_that("code")[0]
    answer = ask("add_sms", project_id=project, quantity=quantity)
    assert answer == {"error": "Quantity must be between 1 and 10"}


def test_a_phone_can_be_used_again_once_it_is_free(sandbox, ask):
    project = sandbox.vendor.projects_that("code", country="us")[0]
    (row,) = ask("add_sms", project_id=project)["orders"]
    again = {"project_id": project, "phone": row["phone"]}
    assert ask("add_sms", **again) == {"error": "Phone number is in use"}
    sandbox.advance(30)
    (second,) = ask("add_sms", **again)["orders"]
    assert second["phone"] == row["phone"]
    assert second["order"] != row["order"]
    assert ask("add_sms", project_id=project, phone="+15550000000") == {"error": "Phone number is not available"}
    assert len(sandbox.vendor.purchases) == 2


def test_some_phones_are_bare_and_some_numbers_never_say_when_they_expire(sandbox, ask):
    bare = ask("sms_projects", country="af")[0]["project_id"]
    sandbox.plan_sms(project=bare, give=1)
    assert ask("add_sms", project_id=bare)["orders"][0]["phone"].isdigit()
    steam = next(row for row in ask("sms_projects", country="us") if row["name"] == "Steam")
    (row,) = ask("add_sms", project_id=steam["project_id"])["orders"]
    assert "expires_at" not in ask("sms_status", order=row["order"])


def test_a_project_of_another_country_is_refused(sandbox, ask):
    project = sandbox.vendor.projects_that("code", country="us")[0]
    assert "error" in ask("add_sms", project_id=project, country="gb")


def test_orders_and_numbers_are_not_confused(sandbox, ask):
    (row,) = ask("add_sms", project_id=sandbox.vendor.projects_that("code")[0])["orders"]
    assert ask("status", order=row["order"]) == {"error": "Order not found"}
    assert ask("sms_code", order=order(ask)) == {"error": "Order not found"}


# ── Seed, time, journal ──────────────────────────────────────────────────────────────────────────────
def test_the_same_seed_tells_the_same_story():
    def story(seed):
        with Sandbox(speed=0, seed=seed, services=80) as sandbox:
            form = {"key": KEY, "action": "services"}
            rows = requests.post(sandbox.url, data=form, timeout=5).json()
            form = {"key": KEY, "action": "add", "service": 19, "link": LINK, "quantity": 5_000}
            for _ in range(10):
                requests.post(sandbox.url, data=form, timeout=5)
            return rows, [(o.ends, o.final_word, o.start_count) for o in sandbox.vendor.orders.values()]

    assert story(7) == story(7)
    assert story(7) != story(8)


def test_a_longer_catalogue_begins_with_the_shorter_one():
    assert catalogue.build(300, 1)[:100] == catalogue.build(100, 1)
    assert len(catalogue.build(3, 1)) == 3


def test_every_behaviour_can_be_found_in_smm_and_products(sandbox):
    for entity in ("smm", "product"):
        for behaviour in ("complete", "partial", "cancel", "slow", "fail"):
            found = sandbox.vendor.services_that(behaviour, entity=entity)
            assert sandbox.vendor.behaviour(found[0]) == behaviour
    complete = sandbox.vendor.services_that("complete")
    assert len(complete) > 300


def test_time_runs_faster_at_a_higher_speed():
    with Sandbox(speed=60, services=20) as sandbox:
        form = {"key": KEY, "action": "add", "service": 1, "link": LINK, "quantity": 1_000}
        number = requests.post(sandbox.url, data=form, timeout=5).json()["order"]
        form = {"key": KEY, "action": "status", "order": number}
        words, limit = [], time.monotonic() + 5
        while "Completed" not in words and time.monotonic() < limit:
            words.append(requests.post(sandbox.url, data=form, timeout=5).json()["status"])
    assert list(dict.fromkeys(words)) == ["Pending", "In progress", "Completed"]


def test_the_journal_names_every_purchase_and_pay_back(sandbox, ask):
    ask("balance")
    number = order(ask, 4, 1_000)
    project = sandbox.vendor.projects_that("code")[0]
    rows = ask("add_sms", project_id=project, quantity=2)["orders"]
    sandbox.advance(100)
    journal = requests.get(sandbox.control_url, timeout=5).json()["journal"]
    assert [row["kind"] for row in journal] == ["purchase", "purchase", "purchase", "pay_back"]
    first = journal[0]
    assert first.pop("at").endswith("Z")
    assert first == {
        "kind": "purchase",
        "order": number,
        "action": "add",
        "service": 4,
        "quantity": 1_000,
        "link": LINK,
        "charge": "0.0035000",
        "sequence": 2,
    }
    assert [(row["order"], row["project"], row["sequence"]) for row in journal[1:3]] == [
        (row["order"], project, 3) for row in rows
    ]
    assert (journal[3]["order"], journal[3]["amount"]) == (number, "0.0035000")
    later = requests.get(sandbox.control_url, params={"after": 3}, timeout=5).json()["journal"]
    assert later == journal[3:]


# ── Faults ───────────────────────────────────────────────────────────────────────────────────────────
def send(sandbox, action="balance", timeout=5, **fields):
    return requests.post(sandbox.url, data={"key": KEY, "action": action, **fields}, timeout=timeout)


ADD = {"action": "add", "service": FOLLOWERS, "link": LINK, "quantity": 100}


def test_an_answer_lost_before_processing_buys_nothing(sandbox):
    sandbox.fault("lost_before", action="add", times=1)
    with pytest.raises(requests.ConnectionError):
        send(sandbox, **ADD)
    assert sandbox.vendor.purchases == []
    assert sandbox.received["add"] == 1
    assert "order" in send(sandbox, **ADD).json()


def test_an_answer_lost_after_processing_has_bought_once(sandbox):
    sandbox.fault("lost_after", action="add", times=1)
    with pytest.raises(requests.ConnectionError):
        send(sandbox, **ADD)
    assert len(sandbox.vendor.purchases) == 1
    assert sandbox.vendor.balance == Decimal("99999.95")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_request_that_hangs_is_processed_all_the_same(sandbox, when):
    sandbox.fault("hang", action="add", times=1, seconds=0.4, when=when)
    with pytest.raises(requests.ReadTimeout):
        send(sandbox, timeout=0.15, **ADD)
    assert len(sandbox.vendor.purchases) == (when == "after")
    limit = time.monotonic() + 3
    while not sandbox.vendor.purchases and time.monotonic() < limit:
        time.sleep(0.02)
    assert len(sandbox.vendor.purchases) == 1


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("http_500", 500, "application/json"),
        ("http_502_html", 502, "text/html"),
        ("http_429", 429, "application/json"),
        ("html", 200, "text/html"),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_wrong_answer_tells_nothing_about_what_was_bought(sandbox, kind, status, content_type, when):
    sandbox.fault(kind, action="add", times=1, when=when)
    answer = send(sandbox, **ADD)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith(content_type)
    assert len(sandbox.vendor.purchases) == (when == "after")


def test_429_says_when_to_come_back(sandbox):
    sandbox.fault("http_429", retry_after=7)
    assert send(sandbox).headers["Retry-After"] == "7"


def test_broken_json_is_cut_in_half_and_was_processed(sandbox):
    sandbox.fault("broken_json", times=1)
    answer = send(sandbox, **ADD)
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.content)
    assert len(sandbox.vendor.purchases) == 1


@pytest.mark.parametrize(
    ("kind", "details", "answer"),
    [
        ("rate_limit_words", {}, {"error": "Too many requests, rate limit exceeded"}),
        ("wrong_key", {}, {"error": "Invalid API key"}),
        ("words", {"words": "Service is closed"}, {"error": "Service is closed"}),
        ("answer", {"body": {"order": None}}, {"order": None}),
    ],
)
def test_words_can_be_put_into_the_vendors_mouth(sandbox, kind, details, answer):
    sandbox.fault(kind, **details)
    assert send(sandbox, **ADD).json() == answer
    assert sandbox.vendor.purchases == []


def test_an_empty_catalogue_is_a_well_formed_answer(sandbox, ask):
    sandbox.fault("empty_catalogue")
    assert ask("services") == {"services": [], "total": 0, "page": 1, "limit": 0, "total_pages": 0}
    assert ask("categories")["categories"]


def test_bad_rows_spoil_a_few_rows_each_in_its_own_way(sandbox, ask):
    good = ask("services")["services"]
    sandbox.fault("bad_rows", rows=7)
    rows = ask("services")["services"]
    assert len(rows) == 500
    assert rows[7:] == good[7:]
    assert rows[0]["service"] is None
    assert rows[1]["min"] == "many"
    assert "rate" not in rows[2]
    assert rows[3]["rate"].startswith("-")
    assert rows[4]["max"] < rows[4]["min"]
    assert rows[5]["entityType"] not in ("smm", "product")
    assert not isinstance(rows[6], dict)


def test_withdraw_leaves_the_same_share_out_of_every_answer(sandbox, ask):
    sandbox.fault("withdraw", share=0.3)
    left = {row["service"] for row in ask("services")["services"]}
    assert len(left) == 350
    paged = [ask("services", page=page, limit=100) for page in range(1, 5)]
    assert {answer["total"] for answer in paged} == {350}
    assert {row["service"] for answer in paged for row in answer["services"]} == left
    likes = ask("services", category="Instagram", subcategory="Likes")["services"]
    assert {row["service"] for row in likes} <= left
    sandbox.clear()
    assert ask("services")["total"] == 500


def test_numbers_can_come_as_text(sandbox, ask):
    number = order(ask)
    sandbox.fault("as_text")
    answer = ask("status", order=number)
    assert (answer["start_count"], answer["remains"], answer["autoDelivery"]) == ("0", "1000", True)


def test_a_slow_drip_arrives_whole(sandbox):
    sandbox.fault("slow_drip", delay=0.002)
    began = time.monotonic()
    assert send(sandbox).json()["balance"] == "100000.00"
    assert time.monotonic() - began > 0.05


def test_times_count_down_and_the_action_limits(sandbox):
    sandbox.fault("http_500", action="add", times=2)
    assert send(sandbox).status_code == 200
    assert [send(sandbox, **ADD).status_code for _ in range(3)] == [500, 500, 200]
    assert sandbox.faults.fired == {"http_500": 2}


def test_a_rate_is_a_seeded_probability():
    def struck(seed):
        with Sandbox(speed=0, seed=seed, services=1) as sandbox:
            sandbox.fault("http_500", rate=0.3)
            return [send(sandbox).status_code for _ in range(60)]

    assert struck(1) == struck(1)
    assert 5 < struck(1).count(500) < 35


def test_a_stopped_vendor_drops_kept_alive_connections_and_refuses_new_ones():
    with requests.Session() as session:
        with Sandbox(services=1) as sandbox:
            form = {"key": KEY, "action": "balance"}
            assert session.post(sandbox.url, data=form, timeout=5).ok
        with pytest.raises(requests.ConnectionError):
            session.post(sandbox.url, data=form, timeout=5)


# ── The control door ─────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def control(sandbox):
    def control(**commands):
        return requests.post(sandbox.control_url, json=commands, timeout=5)

    return control


def test_control_does_what_it_is_told(sandbox, ask, control):
    assert control(fault={"kind": "http_500", "action": "add", "times": 1}).json()["ok"] is True
    assert send(sandbox, **ADD).status_code == 500
    assert control(balance="12.50").json()["balance"] == "12.50"
    assert ask("balance")["balance"] == "12.50"
    control(plan={"service": 1, "behaviour": "partial", "deliver": 37})
    number = order(ask, quantity=100)
    control(advance=100)
    assert ask("status", order=number)["remains"] == 63
    control(set_service={"service": 1, "rate": "0.9", "stock": 3})
    row = ask("services")["services"][0]
    assert (row["rate"], row["stock"]) == ("0.9", 3)
    control(set_service={"service": 1, "gone": True})
    assert ask("services")["total"] == 499
    assert ask("inventory", service=1) == {"error": "Service not found"}
    control(api_key="new")
    assert ask("balance") == {"error": "Invalid API key"}
    assert ask("balance", key="new")["balance"]


def test_control_forces_a_raw_status(ask, control, sandbox):
    number = order(ask)
    forced = {"status": "Whatever", "remains": -3, "charge": None, "accounts": ["a:b"]}
    control(order={"id": number, **forced, "drop": ["currency"]})
    answer = ask("status", order=number)
    assert {name: answer[name] for name in forced} == forced
    assert "currency" not in answer
    control(clear=True)
    assert ask("status", order=number)["status"] == "Pending"


def test_control_plans_numbers(sandbox, ask, control):
    project = sandbox.vendor.projects_that("code", country="us")[0]
    control(plan_sms={"project": project, "behaviour": "code", "seconds": 1, "code": "4711", "times": 1})
    (row,) = ask("add_sms", project_id=project)["orders"]
    control(advance=1.5)
    assert ask("sms_code", order=row["order"]) == {
        "status": "completed",
        "code": "4711",
        "sms_content": "Your verification code is 4711",
    }
    assert sandbox.vendor.plans == []


def test_a_plan_with_times_is_used_up_and_the_narrower_one_wins(sandbox, ask):
    sandbox.plan(behaviour="cancel", service=1)
    sandbox.plan(behaviour="fail", times=1)
    numbers = [order(ask, 1, 100), order(ask, 19, 1_000), order(ask, 15, 100)]
    sandbox.advance(1_000)
    assert [ask("status", order=n)["status"] for n in numbers] == ["Canceled", "Fail", "Completed"]


def test_the_state_shows_what_happened_and_no_key(sandbox, ask):
    order(ask)
    sandbox.fault("hang", action="sms_code", times=2)
    answer = requests.get(sandbox.control_url, timeout=5)
    state = answer.json()
    assert state["orders"] == {"Pending": 1}
    assert state["received"] == state["processed"] == {"add": 1}
    assert state["faults"][0]["kind"] == "hang"
    assert state["behaviours"]["smm"]["partial"][0] == 3
    assert KEY not in answer.text


@pytest.mark.parametrize(
    "commands",
    [
        {},
        {"unheard": 1},
        {"fault": {"kind": "unheard"}},
        {"fault": {}},
        {"fault": {"kind": "hang", "seconds": "long"}},
        {"fault": {"kind": "lost_after", "when": "before"}},
        {"fault": {"kind": "http_500", "rate": 2}},
        {"fault": {"kind": "http_500", "times": 0}},
        {"plan": {"behaviour": "dance"}},
        {"plan": {"service": 99_999}},
        {"plan": {"deliver": "37"}},
        {"plan_sms": {"behaviour": "partial"}},
        {"set_service": {"service": 99_999, "stock": 1}},
        {"set_service": {"service": 1, "stock": "many"}},
        {"set_service": {"service": 1, "rate": "NaN"}},
        {"order": {"id": 1, "status": "Done"}},
        {"balance": "much"},
        {"balance": "NaN"},
        {"advance": -1},
        {"advance": "x"},
        {"api_key": ""},
    ],
)
def test_a_wrong_command_is_refused_in_words(untouched, commands):
    answer = requests.post(untouched.control_url, json=commands, timeout=5)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert untouched.faults.as_json() == []
    assert untouched.vendor.plans == []
    assert untouched.vendor.balance == 100_000


def test_control_is_closed_to_pages_in_a_browser(sandbox):
    headers = {"Origin": "https://evil.example"}
    assert requests.post(sandbox.control_url, json={"clear": True}, headers=headers, timeout=5).status_code == 403
    assert requests.get(sandbox.control_url, headers=headers, timeout=5).status_code == 404


# ── HTTP ─────────────────────────────────────────────────────────────────────────────────────────────
def test_only_posts_to_the_endpoint_are_served(sandbox):
    assert requests.get(sandbox.url, timeout=5).status_code == 405
    assert requests.post(sandbox.url + "/more", timeout=5).status_code == 404
    assert requests.get(sandbox.url.replace("/api/v2", "/"), timeout=5).status_code == 404


def test_a_connection_is_kept_alive_and_listens_on_loopback_only(sandbox):
    assert sandbox._server.server_address[0] == "127.0.0.1"
    body = f"key={KEY}&action=balance".encode()
    head = b"POST /api/v2 HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
        for _ in range(3):
            connection.sendall(head + body)
            assert b"HTTP/1.1 200 OK" in connection.recv(4_096)


def test_a_form_without_a_length_or_too_long_is_refused(sandbox):
    for length, status in ((b"", b"411"), (b"Content-Length: 99999999\r\n", b"413")):
        with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
            connection.sendall(b"POST /api/v2 HTTP/1.1\r\nHost: x\r\n" + length + b"\r\n")
            assert connection.recv(4_096).startswith(b"HTTP/1.1 " + status)


def test_a_caller_that_goes_away_disturbs_nobody(sandbox, ask, capfd):
    sandbox.fault("hang", times=1, seconds=0.1)
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
        body = f"key={KEY}&action=services".encode()
        connection.sendall(b"POST /api/v2 HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    time.sleep(0.2)
    assert ask("balance")
    assert "Traceback" not in capfd.readouterr().err


def test_answers_are_quick(sandbox, ask):
    number = order(ask)
    form = {"key": KEY, "action": "status", "order": str(number)}
    took = []
    for _ in range(300):
        began = time.perf_counter()
        sandbox.vendor.answer(form)
        took.append(time.perf_counter() - began)
    assert sorted(took)[150] < 0.001


def test_every_kind_of_fault_is_answered_for(sandbox):
    """Each kind ends in an answer or a cut connection, never in a crash of the server's thread."""
    for kind in KINDS:
        details = {"seconds": 0.01} if kind in ("hang", "lost_before", "lost_after") else {}
        sandbox.fault(kind, times=1, **details)
        try:
            send(sandbox, "services" if kind != "slow_drip" else "balance")
        except requests.ConnectionError:
            assert kind.startswith("lost_")
        assert sandbox.faults.fired[kind] == 1


# ── The command ──────────────────────────────────────────────────────────────────────────────────────
def run_command(*arguments):
    return subprocess.Popen(
        [sys.executable, "manage.py", "sandbox", *arguments],
        cwd=ROOT,
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "reseller.settings",
            "DEBUG": "1",
            "SECRET_KEY": "x",
            "UPSTREAM_KEY": "of-the-test",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_serves_until_it_is_told_to_stop():
    with run_command("--port", "0", "--services", "25", "--speed", "5", "--access-log") as process:
        try:
            line = process.stderr.readline()
            url = re.search(r"http://127\.0\.0\.1:\d+/api/v2", line)[0]
            form = {"key": "of-the-test", "action": "services"}
            assert requests.post(url, data=form, timeout=5).json()["total"] == 25
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=5)
        finally:
            process.kill()
    assert process.returncode == 0
    assert out == ""
    assert "services" in err
    assert "of-the-test" not in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"port": -1}, "--port must be between 0 and 65535."),
        ({"port": 65_536}, "--port must be between 0 and 65535."),
        ({"services": 0}, "--services must be 1 or more."),
        ({"speed": -0.5}, "--speed must be between 0 and 1000000."),
        ({"speed": float("nan")}, "--speed must be between 0 and 1000000."),
    ],
)
def test_the_command_refuses_nonsense_in_words(options, words):
    with pytest.raises(CommandError, match=f"^{re.escape(words)}$"):
        call_command("sandbox", **options)


def test_a_busy_port_is_said_plainly(sandbox):
    with run_command("--port", str(sandbox.port)) as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"Port {sandbox.port} is in use" in err
    assert "Traceback" not in err
