"""Adding funds, as customers see it: what is offered, what it costs, what came of it, on paper too."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from funds import begin
from funds.models import Bonus, Method, TopUp
from funds.offer import Terms, for_received, terms
from tests.admin.test_order_acts import text
from tests.funds.conftest import OPENED, balance, later
from tests.funds.stripe_stand_in import charge
from tests.funds.test_stripe import COMPLETED
from wallet import ledger

ADD = "/wallet/add/"
db = pytest.mark.django_db


# ── The arithmetic ─────────────────────────────────────────────────────────────────────────────────
CENTS = st.integers(min_value=1, max_value=10_000_000).map(lambda cents: Decimal(cents).scaleb(-2))
PERCENTS = st.integers(min_value=0, max_value=5000).map(lambda hundredths: Decimal(hundredths).scaleb(-2))


@given(amount=CENTS, percent=PERCENTS, fixed=CENTS, bonus=PERCENTS, received=CENTS)
def test_whatever_comes_is_credited_in_cents_and_never_more_than_its_share(amount, percent, fixed, bonus, received):
    method = Method(fee_percent=percent, fee_fixed=fixed)
    steps = [Bonus(from_amount=Decimal(1), percent=bonus)]
    agreed = terms(amount, method, steps)
    assert agreed.fee >= amount * percent / 100 + fixed > agreed.fee - Decimal("0.01")
    credit, given_bonus = for_received(agreed, received)
    assert credit == credit.quantize(Decimal("0.01"))
    assert credit * agreed.total <= amount * received
    assert given_bonus <= agreed.bonus <= amount * bonus / 100
    assert for_received(agreed, agreed.total) == (amount, agreed.bonus)


def test_the_highest_step_that_is_reached_counts():
    steps = [Bonus(from_amount=Decimal(100), percent=Decimal(3)), Bonus(from_amount=Decimal(500), percent=Decimal(5))]
    free = Method(fee_percent=Decimal(0), fee_fixed=Decimal(0))
    for amount, bonus in [("99.99", "0"), ("100", "3"), ("499.99", "14.99"), ("500", "25")]:
        assert terms(Decimal(amount), free, steps).bonus == Decimal(bonus)
    assert terms(Decimal(100), free, []) == Terms(Decimal(100), Decimal(0), Decimal(0))


# ── The form ───────────────────────────────────────────────────────────────────────────────────────
@db
def test_with_nothing_set_up_nothing_of_it_is_shown(me, settings):
    settings.FUNDS_HELP = "Write to <b>us</b>"
    page = text(me.get("/wallet/"))
    assert "/wallet/add/" not in page
    assert "Write to &lt;b&gt;us" in page
    added = text(me.get(ADD))
    assert "Write to &lt;b&gt;us" in added
    assert "How you pay" not in added
    assert "voucher" not in added
    assert me.post(ADD, {"amount": "25", "method": "1", "form_key": "x"}).status_code == 422


@db
def test_a_provider_that_is_set_up_is_offered_by_itself(stripe, btcpay, me):
    page = text(me.get(ADD))
    assert "Card" in page
    assert "Cryptocurrency" in page
    assert "/wallet/add/" in text(me.get("/wallet/"))
    assert Method.objects.count() == 2
    me.get(ADD)
    assert Method.objects.count() == 2


@db
def test_what_an_operator_switched_off_is_not_offered(stripe, by_transfer, me):
    me.get(ADD)
    Method.objects.filter(provider="stripe").update(active=False)
    card = Method.objects.get(provider="stripe")
    assert [row["method"] for row in me.get(ADD).context["rows"]] == [by_transfer]
    refused = me.post(ADD, {"amount": "25", "method": card.pk, "form_key": "x"})
    assert refused.status_code == 422
    assert "not offered any more" in text(refused)
    assert not TopUp.objects.exists()


@db
@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("", "Enter how much to add"),
        ("abc", "Enter an amount such as 12.50."),
        ("1e3", "Enter an amount such as 12.50."),
        ("12,50", "Enter an amount such as 12.50."),
        ("NaN", "Enter an amount such as 12.50."),
        ("25.001", "Use at most 2 decimals."),
        ("0", "Enter an amount above zero."),
        ("-20", "Enter an amount above zero."),
        ("9.99", "add at least $10.00"),
        ("500.01", "add at most $500.00"),
        ("99999999999", "too large"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_stays_there(by_transfer, me, amount, sentence):
    answer = me.post(ADD, {"amount": amount, "method": by_transfer.pk, "form_key": "x"})
    assert answer.status_code == 422
    page = text(answer)
    assert sentence in page
    assert "id_amount_error" in page
    if amount:
        assert f'value="{amount}"' in page
    assert not TopUp.objects.exists()


@db
@pytest.mark.parametrize("sent", [{}, {"amount": "25"}, {"amount": "25", "method": "x"}, {"form_key": "k" * 99}])
def test_half_a_form_begins_nothing(by_transfer, me, sent):
    assert me.post(ADD, sent).status_code == 422
    assert not TopUp.objects.exists()


@db
def test_without_scripts_it_is_worked_out_by_the_server(by_transfer, me):
    Bonus.objects.create(from_amount=100, percent=3)
    answer = me.post(ADD, {"amount": "100", "method": by_transfer.pk, "form_key": "x", "reckon": "1"})
    assert answer.status_code == 200
    assert answer.context["agreed"] == Terms(Decimal(100), Decimal("2.50"), Decimal(3))
    for figure in ["$102.50", "$103.00", "3% bonus from $100.00", "fee 2% + $0.50"]:
        assert figure in text(answer)
    assert not TopUp.objects.exists()


@db
def test_there_is_an_end_to_open_top_ups(by_transfer, add, me):
    for number in range(begin.MOST_OPEN):
        add("25", "transfer", f"form-{number}")
    answer = me.post(ADD, {"amount": "25", "method": by_transfer.pk, "form_key": "one more"})
    assert answer.status_code == 422
    assert "still open" in text(answer)
    TopUp.objects.update(expires_at=TopUp.objects.first().created_at)
    add("25", "transfer", "later")


@db
def test_another_customers_form_key_is_no_way_to_their_top_up(by_transfer, add, them):
    mine = add("25", "transfer", "same")
    them.post(ADD, {"amount": "25", "method": by_transfer.pk, "form_key": "same"})
    theirs = TopUp.objects.latest("pk")
    assert theirs.pk != mine.pk
    assert theirs.customer != mine.customer


@db
def test_nobody_adds_without_an_account(client, by_transfer, add):
    top_up = add("25", "transfer")
    client.logout()
    for address in [ADD, "/wallet/top-ups/", f"/wallet/top-ups/{top_up.token}/", "/wallet/receipts/1/"]:
        assert "/accounts/login/" in client.get(address)["Location"]


@db
def test_in_chinese_it_has_its_chinese_name(by_transfer, me, add):
    Method.objects.update(name_zh="银行转账", instructions_zh="请汇款到")
    top_up = add("25", "transfer")
    page = text(me.get(f"/wallet/top-ups/{top_up.token}/", HTTP_ACCEPT_LANGUAGE="zh-hans"))
    assert "银行转账" in page
    assert "请汇款到" in page


# ── What came of it ────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def paid(stripe, me, tell):
    """`paid("25")` is a top-up by card that was paid."""

    def paid(amount, key="k"):
        me.get(ADD)
        method = Method.objects.get(provider="stripe")
        assert me.post(ADD, {"amount": amount, "method": method.pk, "form_key": key}).status_code == 302
        top_up = TopUp.objects.latest("pk")
        tell("stripe", *stripe.notice(COMPLETED, stripe.pay(top_up.transaction_id)))
        top_up.refresh_from_db()
        return top_up

    return paid


@db
def test_the_statement_leads_to_a_receipt_with_every_figure(paid, stripe, me, customer, tell):
    Bonus.objects.create(from_amount=100, percent=3)
    Method.objects.create(provider="stripe", name="Card", fee_percent=Decimal("2.9"), fee_fixed=Decimal("0.30"))
    top_up = paid("100")
    address = reverse("funds:receipt", args=[top_up.deposit_id])
    page = text(me.get("/wallet/"))
    assert page.count(address) == 1
    assert page.count("/wallet/receipts/") == 1  # the bonus has none
    receipt = text(me.get(address))
    for figure in [f"Receipt {top_up.deposit_id}", "$100.00", "$3.20", "$103.20 USD", customer.email, "$3.00", "Card"]:
        assert figure in receipt
    tell("stripe", *stripe.notice("charge.refunded", charge(stripe.sessions[top_up.transaction_id], 5160)))
    assert "$51.60 of this payment were taken back" in text(me.get(address))
    assert "Payment taken back" in text(me.get("/wallet/"))


@db
def test_only_deposits_have_receipts(me, customer):
    opening = ledger.account_of(customer).statement.get()
    assert me.get(f"/wallet/receipts/{opening.pk}/").status_code == 404
    assert me.get("/wallet/receipts/999999999/").status_code == 404


@db
def test_a_deposit_that_is_no_top_up_has_a_receipt_too(me, customer, now):
    deposit = ledger.deposit(
        account=ledger.account_of(customer), amount=Decimal(9), key="cash", memo="Cash <b>x</b>", now=now
    )
    receipt = text(me.get(f"/wallet/receipts/{deposit.pk}/"))
    assert "Cash &lt;b&gt;" in receipt
    assert "$9.00" in receipt


@db
def test_the_list_walks_back_and_shows_only_ones_own(by_transfer, add, me, them, monkeypatch):
    from funds import views

    monkeypatch.setattr(views, "PAGE", 2)
    for number in range(5):
        add("25", "transfer", f"form-{number}")
    seen, address = [], "/wallet/top-ups/"
    while address:
        answer = me.get(address)
        seen += [row.top_up.pk for row in answer.context["rows"]]
        older = re.search(r'rel="next" href="([^"]+)"', text(answer))
        address = older and older[1]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 5
    assert "No top-ups yet" in text(them.get("/wallet/top-ups/"))
    for query in ["?before=x", "?before=-1", "?before=" + "9" * 40]:
        assert me.get("/wallet/top-ups/" + query).status_code == 200


@db
def test_pages_cost_the_same_however_many_rows_there_are(by_transfer, add, me, django_assert_max_num_queries):
    top_up = add("25", "transfer")
    pages = [ADD, "/wallet/", "/wallet/top-ups/", f"/wallet/top-ups/{top_up.token}/"]
    counts = {}
    for page in pages:
        with django_assert_max_num_queries(12) as few:
            me.get(page)
        counts[page] = len(few.captured_queries)
    for number in range(8):
        add("25", "transfer", f"form-{number}")
        Bonus.objects.create(from_amount=100 + number, percent=1)
    for page in pages:
        with django_assert_max_num_queries(counts[page]):
            me.get(page)


@db
def test_an_expired_one_is_still_looked_for(paid, stripe, add, me, now):
    from funds import check

    top_up = add("25", "stripe", "e")
    check.expire(now=later(now, hours=2))
    page = me.get(f"/wallet/top-ups/{top_up.token}/")
    assert "not paid in time" in text(page)
    assert page.context["row"].moves


# ── The dummy ──────────────────────────────────────────────────────────────────────────────────────
@db
@pytest.mark.parametrize(("said", "state", "credit"), [("1", "PAID", 25), ("0", "FAILED", 0), ("", "FAILED", 0)])
def test_whoever_tries_the_shop_chooses_how_a_test_payment_ends(dummy, add, me, customer, said, state, credit):
    top_up = add("25", "dummy")
    for _twice in range(2):
        assert me.post(f"/wallet/top-ups/{top_up.token}/test/", {"paid": said}).status_code == 302
    top_up.refresh_from_db()
    assert top_up.state == state
    assert balance(customer) == OPENED + credit


@db
def test_where_it_is_not_set_up_a_test_payment_pays_nothing(dummy, add, me, them, customer, settings):
    top_up = add("25", "dummy")
    address = f"/wallet/top-ups/{top_up.token}/test/"
    assert them.post(address, {"paid": "1"}).status_code == 404
    assert me.get(address).status_code == 405
    settings.PAYMENT_VARIANTS = {}
    assert me.post(address, {"paid": "1"}).status_code == 404
    assert balance(customer) == OPENED


@db
def test_a_real_top_up_is_not_paid_as_a_test(stripe, dummy, add, me, customer):
    top_up = add("25", "stripe")
    assert me.post(f"/wallet/top-ups/{top_up.token}/test/", {"paid": "1"}).status_code == 404
    assert balance(customer) == OPENED
