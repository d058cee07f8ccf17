"""Vouchers: codes that are money once, and that nobody guesses."""

import csv
import io
from decimal import Decimal

import pytest
from django.urls import reverse

from funds import vouchers
from funds.models import Batch, Debt, Voucher
from tests.admin.test_order_acts import hidden, text
from tests.funds.conftest import OPENED, balance, later
from tests.funds.stripe_stand_in import dispute
from tests.funds.test_stripe import COMPLETED, spend
from wallet.models import Transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def make(operator, now):
    """`make(count=2)` are codes of a batch worth $7 each."""
    keys = iter(range(99))

    def make(count=1, kind="GIFT", amount="7", expires_at=None):
        return vouchers.make(
            name="Spring",
            kind=kind,
            amount=Decimal(amount),
            count=count,
            expires_at=expires_at,
            form_key=f"batch-{next(keys)}",
            operator=operator,
            now=now,
        )[1]

    return make


def redeem(browser, code):
    return browser.post("/wallet/voucher/", {"code": code})


@pytest.mark.parametrize(("kind", "transfer"), [("GIFT", "BONUS"), ("SOLD", "DEPOSIT")])
def test_a_code_is_credited_once(make, me, them, customer, stranger, kind, transfer):
    (code,) = make(kind=kind)
    assert redeem(me, code)["Location"] == "/wallet/"
    assert balance(customer) == OPENED + 7
    assert Transfer.objects.latest("pk").kind == transfer
    assert "redeemed this code already" in text(redeem(me, code))
    refused = redeem(them, code)
    assert refused.status_code == 422
    assert "is not valid" in text(refused)
    assert (balance(customer), balance(stranger)) == (OPENED + 7, 0)


@pytest.mark.parametrize(
    "typed",
    [
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: f"  {code.replace('-', ' ')} ",
        lambda code: code.replace("0", "O").replace("1", "l"),
    ],
)
def test_it_may_be_typed_as_people_type(make, me, customer, typed):
    (code,) = make()
    redeem(me, typed(code))
    assert balance(customer) == OPENED + 7


def test_only_a_fingerprint_is_kept(make):
    (code,) = make()
    kept = Voucher.objects.values().get()
    assert code not in str(kept)
    assert code.replace("-", "") not in str(kept)
    assert kept["tail"] == code[-4:]


def test_codes_are_long_and_all_different(make):
    codes = make(count=500)
    assert len(set(codes)) == 500
    assert {len(code.replace("-", "")) for code in codes} == {16}
    assert not set("".join(codes)) & set("ILOU")


@pytest.mark.parametrize("code", ["", "x", "-" * 60, "0" * 16, "\0", "ÄÖ", "'; --", "9" * 5000])
def test_what_is_no_code_is_said_beside_its_field(me, customer, code):
    answer = redeem(me, code)
    assert answer.status_code == 422
    assert "id_code_error" in text(answer)
    assert balance(customer) == OPENED


def test_whoever_guesses_has_to_wait_and_nobody_else(make, me, them, customer, stranger):
    (code,) = make()
    for _try in range(vouchers.MOST_WRONG):
        assert redeem(me, "0000-0000-0000-0000").status_code == 422
    answer = redeem(me, code)
    assert answer.status_code == 429
    assert "Too many wrong codes" in text(answer)
    assert balance(customer) == OPENED
    assert redeem(them, code).status_code == 302
    assert balance(stranger) == 7


def test_expired_and_void_ones_bring_nothing(make, me, customer, now):
    (soon,) = make(expires_at=later(now, seconds=1))
    (void,) = make()
    vouchers.void(batch_id=Batch.objects.first().pk)
    Batch.objects.filter(expires_at__isnull=False).update(expires_at=now)
    assert "expired" in text(redeem(me, soon))
    assert "not valid" in text(redeem(me, void))
    assert balance(customer) == OPENED


def test_a_sold_one_pays_debts_first_and_a_gift_does_not(make, me, stripe, add, tell, customer, now):
    top_up = add("40", "stripe")
    session = stripe.pay(top_up.transaction_id)
    tell("stripe", *stripe.notice(COMPLETED, session))
    spend(customer, "90", now)
    tell("stripe", *stripe.notice("charge.dispute.created", dispute(session)))
    (gift,) = make()
    redeem(me, gift)
    assert (balance(customer), Debt.objects.get().left) == (7, 40)
    (sold,) = make(kind="SOLD", amount="50")
    redeem(me, sold)
    assert (balance(customer), Debt.objects.get().state) == (17, "PAID")


# ── In the admin ───────────────────────────────────────────────────────────────────────────────────
ADD = "/admin/funds/batch/add/"
TYPED = {"name": "=cmd()", "kind": "SOLD", "count": "3", "amount": "10", "expires_at_0": "", "expires_at_1": ""}


def test_an_operator_makes_them_and_reads_the_codes_once(desk, me, customer):
    given = {**hidden(desk.get(ADD)), **TYPED}
    answer = desk.post(ADD, given)
    assert answer["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer["Cache-Control"]
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert len(rows) == 4
    redeem(me, rows[1][0])
    assert balance(customer) == OPENED + 10
    twice = text(desk.post(ADD, given))
    assert "can&#x27;t be shown again" in twice
    assert Batch.objects.count() == 1
    assert not any(row[0] in twice for row in rows[1:])
    batch = Batch.objects.get()
    assert "1" in text(desk.get(f"/admin/funds/batch/{batch.pk}/change/"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": "0"},
        {"count": "5001"},
        {"count": "x"},
        {"amount": "0"},
        {"amount": "-1"},
        {"amount": "20000"},
        {"amount": "1e9"},
        {"kind": "OTHER"},
        {"name": ""},
        {"expires_at_0": "2020-01-01", "expires_at_1": "00:00"},
    ],
)
def test_nonsense_makes_none_and_keeps_what_was_typed(desk, wrong):
    answer = desk.post(ADD, {**hidden(desk.get(ADD)), **TYPED, **wrong})
    assert answer.status_code == 200
    assert "text/html" in answer["Content-Type"]
    assert not Batch.objects.exists()
    if "name" not in wrong:
        assert "=cmd()" in text(answer)


def test_the_rest_of_a_batch_can_be_voided(desk, make, me, customer):
    first, second = make(count=2)
    redeem(me, first)
    batch = Batch.objects.get()
    address = reverse("admin:funds_batch_void", args=[batch.pk])
    assert "1" in text(desk.get(address))
    desk.post(address, {**hidden(desk.get(address)), "reason": "over"})
    assert redeem(me, second).status_code == 422
    assert desk.get(address).status_code == 302
    assert balance(customer) == OPENED + 7


def test_customers_make_none(me, make):
    make()
    for address in [ADD, "/admin/funds/batch/", "/admin/funds/voucher/"]:
        assert me.get(address).status_code == 302
        assert me.post(address, TYPED).status_code == 302
    assert Batch.objects.count() == 1
