"""The wallet, as its owner reads it."""

import csv
import io
import re
from decimal import Decimal
from http import HTTPStatus

import pytest
from django.urls import reverse

from accounts.models import User
from wallet import ledger, views
from wallet.models import Account

pytestmark = pytest.mark.django_db
PAGE = "/wallet/"


@pytest.fixture
def me(client, customer):
    client.force_login(customer)
    return client


@pytest.fixture
def bought(customer, now):
    """`bought(amount)` is a purchase of order 17 that was paid."""

    def bought(amount, number=17):
        account = ledger.account_of(customer)
        hold = ledger.hold(account=account, amount=Decimal(amount), key=f"order:{number}:hold", now=now)
        ledger.capture(
            hold=hold, amount=Decimal(amount), key=f"order:{number}:capture", memo=f"Order {number}", now=now
        )
        return hold

    return bought


def test_it_shows_what_can_be_spent_and_what_is_set_aside(me, customer, now):
    ledger.hold(account=ledger.account_of(customer), amount=Decimal("12.5"), key="h", now=now)
    text = me.get(PAGE).content.decode()
    for figure in ("$37.50", "$12.50", "$50.00", "for 1 open purchase"):
        assert figure in text


def test_every_movement_has_the_balance_after_it(me, customer, bought, now):
    hold = bought("20")
    ledger.refund(hold=hold, amount=Decimal("5.0001"), key="order:17:refund:1", memo="Order 17: late", now=now)
    text = me.get(PAGE).content.decode()
    for figure in ("−$20.00", "$30.00", "+$5.0001", "$35.0001", "+$50.00", "Opening credit"):
        assert figure in text
    assert text.count(reverse("orders:detail", args=[17])) == 2


def test_each_line_says_once_what_it_was_for(me, customer, bought, now):
    hold = bought("20")
    ledger.refund(hold=hold, amount=Decimal("5"), key="order:17:refund:1", memo="Order 17: late", now=now)
    number = ledger.hold(account=ledger.account_of(customer), amount=Decimal(1), key="sms:AB:1:hold", now=now)
    ledger.capture(hold=number, amount=Decimal(1), key="sms:AB:1:capture", memo="Telegram, +48601", now=now)
    assert [line.memo for line in me.get(PAGE).context["lines"]] == ["Telegram, +48601", "late", "", "Opening credit"]
    text = me.get(PAGE).content.decode()
    assert text.count("Order 17") == 2
    assert "Telegram, +48601" in text


@pytest.mark.parametrize(("kind", "lines"), [("CAPTURE", 1), ("ADJUSTMENT", 1), ("REFUND", 0), ("nonsense", 2)])
def test_it_is_filtered_by_kind(me, bought, kind, lines):
    bought("20")
    assert len(me.get(PAGE, {"kind": kind}).context["lines"]) == lines


@pytest.mark.parametrize("query", ["?before=zz", "?before=-3", "?before=" + "9" * 40, "?kind=%00", "?page=abc"])
def test_a_bad_query_is_no_error(me, query):
    assert me.get(PAGE + query).status_code == HTTPStatus.OK
    assert me.get(reverse("wallet:statement_csv") + query).status_code == HTTPStatus.OK


def test_older_ones_follow(me, bought, monkeypatch):
    monkeypatch.setattr(views, "PAGE", 2)
    for number in range(4):
        bought("1", number)
    seen, address = 0, PAGE
    while address:
        response = me.get(address)
        seen += len(response.context["lines"])
        older = re.search(r'rel="next" href="([^"]+)"', response.content.decode())
        address = older and older[1].replace("&amp;", "&")
    assert seen == 5


def test_the_number_of_queries_does_not_grow(me, bought, django_assert_max_num_queries):
    with django_assert_max_num_queries(12) as few:
        me.get(PAGE)
    for number in range(20):
        bought("1", number)
    with django_assert_max_num_queries(len(few.captured_queries)):
        me.get(PAGE)


def test_an_empty_one_says_what_will_stand_here(client, stranger):
    client.force_login(stranger)
    text = client.get(PAGE).content.decode()
    assert "No movements yet" in text
    assert "$0.00" in text


def test_whoever_has_no_account_yet_gets_an_empty_one(client):
    bare = User.objects.create_user("bare@example.com", "a long enough passphrase")
    assert not Account.objects.filter(owner=bare).exists()
    client.force_login(bare)
    context = client.get(PAGE).context
    assert (context["account"].owner, context["account"].balance, context["holds"]) == (bare, 0, 0)


def test_it_says_how_to_add_funds(me, settings):
    assert "Ask the shop to add funds" in me.get(PAGE).content.decode()
    settings.FUNDS_HELP = "Write to pay@shop.example <b>now</b>"
    text = me.get(PAGE).content.decode()
    assert "mailto:pay@shop.example" in text
    assert "<b>now" not in text
    assert "Ask the shop" not in text


def test_the_csv_can_be_opened_without_running_what_somebody_wrote(me, customer, now):
    ledger.adjust(
        account=ledger.account_of(customer), amount=Decimal(-7), key="a", memo="=cmd|'/c calc'!A1 <b>x</b>", now=now
    )
    response = me.get(reverse("wallet:statement_csv"))
    assert response["Cache-Control"] == "no-store"
    _header, newest, _opening = csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig")))
    assert newest[3].startswith("'=cmd")
    assert newest[4:] == ["-7.00", "43.00"]
    assert "<b>x</b>" not in me.get(PAGE).content.decode()


def test_it_is_nobody_elses(client, stranger, bought, customer):
    bought("20")
    assert client.get(PAGE)["Location"] == "/accounts/login/?next=/wallet/"
    client.force_login(stranger)
    assert client.get(PAGE).context["lines"] == []
    assert len(list(client.get(reverse("wallet:statement_csv")).streaming_content)) == 1


def test_no_cache_keeps_it(me):
    assert "no-store" in me.get(PAGE)["Cache-Control"]


@pytest.mark.parametrize(("movements", "shown", "more"), [(50, 50, False), (51, 50, True)])
def test_a_page_has_fifty_and_leads_on_only_where_there_are_more(me, customer, now, movements, shown, more):
    account = ledger.account_of(customer)
    for number in range(movements - 1):  # one is the opening credit
        ledger.bonus(account=account, amount=Decimal(1), key=f"b:{number}", now=now)
    context = me.get(PAGE).context
    assert len(context["lines"]) == shown
    last = context["lines"][-1].transfer.pk
    assert context["next_before"] == (last if more else None)
    assert not context["paged"]
    older = me.get(PAGE, {"before": last}).context
    assert len(older["lines"]) == movements - shown
    assert older["paged"]


@pytest.mark.parametrize(("before", "paged"), [("9" * 18, True), ("1" + "0" * 18, False), ("²", False), ("", False)])
def test_only_a_number_that_the_database_has_walks_back(me, before, paged):
    context = me.get(PAGE, {"before": before}).context
    assert context["paged"] is paged
    assert len(context["lines"]) == 1


def test_a_line_names_its_order_and_says_no_word_twice(me, customer, bought, now):
    hold = bought("2", 18)
    ledger.refund(hold=hold, amount=Decimal(1), key="order:18:refund:1", memo="Order 18: came late", now=now)
    ledger.bonus(account=ledger.account_of(customer), amount=Decimal(1), key="gift", memo="Order 18: no", now=now)
    lines = me.get(PAGE).context["lines"]
    assert [(line.kind, line.order, line.memo) for line in lines] == [
        ("Bonus", None, "Order 18: no"),
        ("Refund", 18, "came late"),
        ("Purchase", 18, ""),
        ("Adjustment", None, "Opening credit"),
    ]


def test_the_csv_has_a_row_for_each_movement_of_the_kind(me, bought, now):
    bought("20")
    answer = me.get(reverse("wallet:statement_csv"), {"kind": "capture"})
    header, row = csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")))
    number = ledger.Transfer.objects.get(kind="CAPTURE").pk
    assert header == ["number", "time (UTC)", "kind", "description", "amount (USD)", "balance (USD)"]
    time = now.strftime("%Y-%m-%d %H:%M:%S")
    assert row == [str(number), time, "Purchase", "Order 17", "-20.00", "30.00"]


def test_both_are_for_those_who_are_signed_in(client):
    for name in ("statement", "statement_csv"):
        assert client.get(reverse(f"wallet:{name}")).status_code == HTTPStatus.FOUND


def test_header_and_page_ask_for_the_account_once(rf, customer, django_assert_num_queries):
    request = rf.get("/")
    request.user = customer
    with django_assert_num_queries(1):
        first = views.account_shown(request)
        assert views.account_shown(request) is first
    assert first == ledger.account_of(customer)


def test_rows_of_the_books_name_themselves(customer, bought):
    hold = bought("20")
    account = ledger.account_of(customer)
    moved = hold.transfers.get()
    hold.refresh_from_db()
    assert str(account) == customer.email
    assert str(moved.target) == "Sales"
    assert str(moved) == "CAPTURE $20.00 (order:17:capture)"
    assert str(hold) == "CAPTURED $20.00 (order:17:hold)"
