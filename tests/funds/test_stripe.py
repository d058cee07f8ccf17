"""Cards: a payment is credited once, rightly, or not at all; what is taken back leaves no balance below zero."""

import json
from decimal import Decimal
from itertools import pairwise

import pytest
import time_machine

from core.models import Alert
from funds import check
from funds.models import Bonus, Debt, Method, TopUp
from tests.funds.conftest import OPENED, balance, later
from tests.funds.stripe_stand_in import SECRET, charge, dispute
from wallet import ledger
from wallet.models import Transfer

pytestmark = pytest.mark.django_db
COMPLETED = "checkout.session.completed"


@pytest.fixture
def paid(stripe, add, tell):
    """`paid("25")` is a top-up that was paid and credited, and its session."""

    def paid(amount, key="form-1"):
        top_up = add(amount, "stripe", key)
        session = stripe.pay(top_up.transaction_id)
        assert tell("stripe", *stripe.notice(COMPLETED, session)) == 200
        top_up.refresh_from_db()
        return top_up, session

    return paid


def test_the_form_leads_to_stripes_page_which_is_told_amount_and_way_back(stripe, add, settings):
    top_up = add("25", "stripe")
    assert top_up.answer["Location"] == top_up.pay_url == f"{stripe.url}/pay/{top_up.transaction_id}"
    told = stripe.wanted[top_up.transaction_id]
    assert told["line_items[0][price_data][unit_amount]"] == "2500"
    assert told["line_items[0][price_data][currency]"] == "usd"
    assert told["client_reference_id"] == top_up.token
    assert told["success_url"].endswith(f"/wallet/top-ups/{top_up.token}/")
    assert told["payment_intent_data[metadata][top_up]"] == top_up.token


def test_a_paid_session_is_credited(paid, customer):
    top_up, _session = paid("25")
    assert top_up.state == "PAID"
    assert balance(customer) == OPENED + 25
    assert top_up.deposit.key == f"topup:stripe:{top_up.transaction_id}"
    assert not Alert.objects.exists()


def test_fee_and_bonus_are_those_of_the_day_it_began(stripe, add, tell, customer):
    Method.objects.create(provider="stripe", name="Card", fee_percent=Decimal("2.9"), fee_fixed=Decimal("0.30"))
    step = Bonus.objects.create(from_amount=100, percent=3)
    top_up = add("100", "stripe")
    assert (top_up.fee, top_up.bonus, top_up.total) == (Decimal("3.20"), 3, Decimal("103.20"))
    step.delete()
    session = stripe.pay(top_up.transaction_id)
    assert session["amount_total"] == 10320
    tell("stripe", *stripe.notice(COMPLETED, session))
    assert balance(customer) == OPENED + 103
    assert Transfer.objects.filter(kind="BONUS").get().amount == 3


def test_the_same_notice_many_times_is_one_credit(paid, stripe, tell, customer):
    _top_up, session = paid("25")
    for kind in [COMPLETED, "checkout.session.async_payment_succeeded", COMPLETED]:
        assert tell("stripe", *stripe.notice(kind, session)) == 200
    assert balance(customer) == OPENED + 25


@pytest.mark.parametrize(
    "forge",
    [
        lambda body, _headers: (body, {}),
        lambda body, _headers: (body, {"Stripe-Signature": "t=1,v1=00"}),
        lambda body, headers: (body.replace(b"2500", b"9900"), headers),
        lambda body, headers: (body, {"Stripe-Signature": headers["Stripe-Signature"].replace("v1=", "v0=")}),
    ],
)
def test_a_forged_notice_moves_nothing(stripe, add, tell, customer, forge):
    session = stripe.pay(add("25", "stripe").transaction_id)
    assert tell("stripe", *forge(*stripe.notice(COMPLETED, session))) == 400
    assert balance(customer) == OPENED
    assert TopUp.objects.get().state == "OPEN"


def test_a_notice_signed_with_another_secret_or_long_ago_moves_nothing(stripe, add, tell, customer, now):
    session = stripe.pay(add("25", "stripe").transaction_id)
    assert tell("stripe", *stripe.notice(COMPLETED, session, secret="whsec_other")) == 400
    assert tell("stripe", *stripe.notice(COMPLETED, session, at=now.timestamp() - 3600)) == 400
    assert balance(customer) == OPENED


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"type": 3}', b'{"object":"event","type":"x"}'])
def test_a_signed_notice_that_can_not_be_read_is_no_fault_of_ours(stripe, tell, db, body):
    import hashlib
    import hmac
    import time

    moment = str(int(time.time()))
    signed = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    assert tell("stripe", body, {"Stripe-Signature": f"t={moment},v1={signed}"}) in (200, 400)


def test_a_payment_that_comes_after_the_time_is_over_counts(stripe, add, tell, customer, now):
    top_up = add("25", "stripe")
    check.expire(now=later(now, hours=2))
    top_up.refresh_from_db()
    assert top_up.state == "EXPIRED"
    tell("stripe", *stripe.notice(COMPLETED, stripe.pay(top_up.transaction_id)))
    assert balance(customer) == OPENED + 25


def test_an_expired_notice_after_the_payment_takes_nothing(paid, stripe, tell, customer):
    top_up, session = paid("25")
    late = {**session, "status": "expired", "payment_status": "unpaid"}
    assert tell("stripe", *stripe.notice("checkout.session.expired", late)) == 200
    top_up.refresh_from_db()
    assert top_up.state == "PAID"
    assert balance(customer) == OPENED + 25


@pytest.mark.parametrize(
    ("cents", "credited", "bonus"), [(5160, "50", "0"), (20640, "200", "3"), (10319, "99.99", "0"), (1, "0", "0")]
)
def test_another_amount_is_credited_as_it_came_and_told(stripe, add, tell, customer, cents, credited, bonus):
    Method.objects.create(provider="stripe", name="Card", fee_percent=Decimal("2.9"), fee_fixed=Decimal("0.30"))
    Bonus.objects.create(from_amount=100, percent=3)
    top_up = add("100", "stripe")
    tell("stripe", *stripe.notice(COMPLETED, stripe.pay(top_up.transaction_id, amount_total=cents)))
    assert balance(customer) == OPENED + Decimal(credited) + Decimal(bonus)
    top_up.refresh_from_db()
    assert top_up.state == ("REVIEW" if credited == "0" else "PAID")
    assert Alert.objects.get().key == f"topup:{top_up.pk}"


def test_another_currency_waits_for_an_operator(stripe, add, tell, customer):
    top_up = add("25", "stripe")
    session = stripe.pay(top_up.transaction_id, currency="eur")
    for _twice in range(2):
        assert tell("stripe", *stripe.notice(COMPLETED, session)) == 200
    top_up.refresh_from_db()
    assert top_up.state == "REVIEW"
    assert "25 EUR" in top_up.note.replace("25.00", "25")
    assert balance(customer) == OPENED
    assert Alert.objects.get().severity == "CRITICAL"


def test_a_payment_for_nothing_we_know_is_told_and_credited_to_nobody(stripe, add, tell, customer):
    session = stripe.pay(add("25", "stripe").transaction_id)
    session = {**session, "client_reference_id": "00000000-0000-4000-8000-000000000000"}
    assert tell("stripe", *stripe.notice(COMPLETED, session)) == 200
    assert balance(customer) == OPENED
    assert "does not know" in Alert.objects.get().subject
    assert tell("stripe", *stripe.notice(COMPLETED, {**session, "client_reference_id": None})) == 200


def test_a_session_of_another_top_up_is_credited_once(paid, stripe, add, tell, customer):
    """Somebody who could change the reference of a paid session gains nothing."""
    _top_up, session = paid("25")
    other = add("25", "stripe", "form-2")
    assert tell("stripe", *stripe.notice(COMPLETED, {**session, "client_reference_id": other.token})) == 200
    other.refresh_from_db()
    assert other.state == "REVIEW"
    assert balance(customer) == OPENED + 25


def test_a_bank_debit_is_processing_until_it_is_paid_or_fails(stripe, add, tell, customer):
    for key, then, state in [("a", "paid", "PAID"), ("b", None, "FAILED")]:
        top_up = add("25", "stripe", key)
        session = stripe.pay(top_up.transaction_id, payment_status="unpaid")
        tell("stripe", *stripe.notice(COMPLETED, session))
        top_up.refresh_from_db()
        assert top_up.state == "PROCESSING"
        if then:
            session["payment_status"] = then
        ended = "checkout.session.async_payment_" + ("succeeded" if then else "failed")
        tell("stripe", *stripe.notice(ended, session))
        top_up.refresh_from_db()
        assert top_up.state == state
    assert balance(customer) == OPENED + 25


def test_the_sweep_finds_a_payment_whose_notice_was_missed(stripe, add, customer, now):
    top_up = add("25", "stripe")
    stripe.pay(top_up.transaction_id)
    assert check.check_due(now=now) == 0
    assert check.check_due(now=later(now, minutes=2)) == 1
    assert balance(customer) == OPENED + 25
    assert check.check_due(now=later(now, days=1)) == 0


def test_the_sweep_asks_with_growing_pauses_and_ends(stripe, add, now):
    top_up = add("25", "stripe")
    moment, asked = now, []
    while len(asked) < 300:
        top_up.refresh_from_db()
        if top_up.next_check_at is None:
            break
        moment = top_up.next_check_at
        asked.append(moment)
        check.check_due(now=moment)
        check.expire(now=moment)
    pauses = [after - before for before, after in pairwise(asked)]
    assert pauses == sorted(pauses)
    assert len(asked) < 100
    assert asked[-1] > later(now, days=13)
    assert top_up.state == "EXPIRED"


def test_a_provider_that_is_away_loses_nothing(stripe, add, me, customer, now):
    stripe.down = True
    top_up = add("25", "stripe")
    assert top_up.answer["Location"] == f"/wallet/top-ups/{top_up.token}/"
    page = me.get(top_up.answer["Location"]).content.decode()
    assert "can&#x27;t be reached" in page
    assert "Go and pay $25.00" in page
    stripe.down = False
    assert me.post(f"/wallet/top-ups/{top_up.token}/pay/")["Location"].startswith(stripe.url)
    top_up.refresh_from_db()
    stripe.pay(top_up.transaction_id)
    stripe.down = True
    check.check_due(now=later(now, minutes=2))
    assert balance(customer) == OPENED
    stripe.down = False
    check.check_due(now=later(now, minutes=9))
    assert balance(customer) == OPENED + 25


def test_the_same_form_twice_is_one_session(stripe, add):
    first, second = add("25", "stripe"), add("25", "stripe")
    assert first.pk == second.pk
    assert len(stripe.sessions) == 1
    assert add("26", "stripe").pk != first.pk


# ── Taken back ─────────────────────────────────────────────────────────────────────────────────────
def spend(customer, amount, now):
    account = ledger.account_of(customer)
    hold = ledger.hold(account=account, amount=Decimal(amount), key="spent", now=now)
    ledger.capture(hold=hold, amount=Decimal(amount), key="spent:capture", now=now)
    return hold


def test_a_refund_at_stripe_takes_the_credit_back_once(paid, stripe, tell, customer):
    top_up, session = paid("20")
    for _twice in range(2):
        assert tell("stripe", *stripe.notice("charge.refunded", charge(session, 500))) == 200
        assert balance(customer) == OPENED + 15
    assert tell("stripe", *stripe.notice("charge.refunded", charge(session, 2000))) == 200
    # What was told last comes again, and an older one after it.
    for refunded in [2000, 500]:
        tell("stripe", *stripe.notice("charge.refunded", charge(session, refunded)))
    assert balance(customer) == OPENED
    assert [debt.state for debt in top_up.debts.all()] == ["PAID", "PAID"]


def test_fee_stays_and_bonus_goes_with_a_refund(stripe, add, tell, customer):
    Method.objects.create(provider="stripe", name="Card", fee_percent=Decimal(10))
    Bonus.objects.create(from_amount=100, percent=5)
    top_up = add("100", "stripe")
    session = stripe.pay(top_up.transaction_id)
    tell("stripe", *stripe.notice(COMPLETED, session))
    assert balance(customer) == OPENED + 105
    tell("stripe", *stripe.notice("charge.refunded", charge(session, 5500)))
    assert balance(customer) == OPENED + Decimal("52.50")
    tell("stripe", *stripe.notice("charge.refunded", charge(session, 11000)))
    assert balance(customer) == OPENED


def test_a_dispute_takes_what_is_there_and_later_deposits_pay_the_rest(paid, stripe, tell, customer, me, now):
    _top_up, session = paid("40")
    spend(customer, "80", now)
    assert balance(customer) == 10
    assert tell("stripe", *stripe.notice("charge.dispute.created", dispute(session))) == 200
    assert tell("stripe", *stripe.notice("charge.dispute.funds_withdrawn", dispute(session))) == 200
    debt = Debt.objects.get()
    assert (debt.amount, debt.paid, debt.state) == (40, 10, "OPEN")
    assert balance(customer) == 0
    assert Alert.objects.get(resolved_at=None).severity == "CRITICAL"
    page = me.get("/wallet/").content.decode()
    assert "was taken back" in page
    assert "$30.00" in page

    paid("20", "form-2")
    debt.refresh_from_db()
    assert (debt.paid, debt.state) == (30, "OPEN")
    assert balance(customer) == 0
    paid("25", "form-3")
    debt.refresh_from_db()
    assert (debt.paid, debt.state) == (40, "PAID")
    assert balance(customer) == 15
    assert not Alert.objects.filter(resolved_at=None).exists()
    assert "was taken back" not in me.get("/wallet/").content.decode()


def test_what_is_on_hold_is_not_taken(paid, stripe, tell, customer, now):
    _top_up, session = paid("40")
    ledger.hold(account=ledger.account_of(customer), amount=Decimal(70), key="spoken for", now=now)
    tell("stripe", *stripe.notice("charge.dispute.created", dispute(session)))
    account = ledger.account_of(customer)
    assert (account.balance, account.held, account.available) == (70, 70, 0)
    assert Debt.objects.get().left == 20
    ledger.release(hold=account.holds.get(key="spoken for"), now=now)


def test_a_dispute_that_is_won_gives_it_back(paid, stripe, tell, customer, now):
    _top_up, session = paid("40")
    spend(customer, "80", now)
    tell("stripe", *stripe.notice("charge.dispute.created", dispute(session)))
    won = dispute(session, status="won")
    for kind in ["charge.dispute.closed", "charge.dispute.funds_reinstated", "charge.dispute.created"]:
        assert tell("stripe", *stripe.notice(kind, won)) == 200
    assert Debt.objects.get().state == "RETURNED"
    assert balance(customer) == 10


def test_the_end_of_a_dispute_may_come_before_its_beginning(paid, stripe, tell, customer):
    _top_up, session = paid("40")
    tell("stripe", *stripe.notice("charge.dispute.closed", dispute(session, status="won")))
    tell("stripe", *stripe.notice("charge.dispute.created", dispute(session)))
    assert balance(customer) == OPENED + 40
    assert Debt.objects.get().state == "RETURNED"


def test_an_inquiry_takes_nothing(paid, stripe, tell, customer):
    _top_up, session = paid("40")
    tell("stripe", *stripe.notice("charge.dispute.created", dispute(session, status="warning_needs_response")))
    assert balance(customer) == OPENED + 40


def test_refund_and_dispute_together_never_take_more_than_it_brought(paid, stripe, tell, customer):
    _top_up, session = paid("40")
    tell("stripe", *stripe.notice("charge.refunded", charge(session, 3000)))
    tell("stripe", *stripe.notice("charge.dispute.created", dispute(session)))
    assert balance(customer) == OPENED


def test_a_refund_whose_payment_was_never_told_is_credited_and_taken_back(stripe, add, tell, customer):
    session = stripe.pay(add("40", "stripe").transaction_id)
    assert tell("stripe", *stripe.notice("charge.refunded", charge(session, 1000))) == 200
    assert balance(customer) == OPENED + 30


def test_a_reversal_of_nothing_we_know_is_told(stripe, tell, customer):
    strange = dispute({"amount_total": 100, "currency": "usd", "payment_intent": "pi_of_another_shop"})
    assert tell("stripe", *stripe.notice("charge.dispute.created", strange)) == 200
    assert "can't tell" in Alert.objects.get().subject
    assert balance(customer) == OPENED


def test_while_stripe_is_away_such_a_notice_is_to_come_again(stripe, add, tell, customer):
    session = stripe.pay(add("40", "stripe").transaction_id)
    stripe.down = True
    assert tell("stripe", *stripe.notice("charge.refunded", charge(session, 1000))) == 503
    assert balance(customer) == OPENED
    stripe.down = False
    assert tell("stripe", *stripe.notice("charge.refunded", charge(session, 1000))) == 200
    assert balance(customer) == OPENED + 30


def test_only_posts_to_known_providers_are_heard(client, stripe, db):
    assert client.get("/payments/process/stripe/").status_code == 405
    assert client.post("/payments/process/nobody/").status_code == 404
    assert client.post("/payments/process/transfer/").status_code == 404


def test_what_the_customer_reads_is_their_own_and_moves_by_itself(paid, them, me):
    top_up, _session = paid("25")
    page = f"/wallet/top-ups/{top_up.token}/"
    assert "$25.00 were added" in me.get(page).content.decode()
    assert them.get(page).status_code == 404
    assert them.post(f"{page}pay/").status_code == 404
    assert them.get(f"/wallet/receipts/{top_up.deposit_id}/").status_code == 404


def test_an_open_page_gets_204_until_something_is_new(stripe, add, tell, me):
    top_up = add("25", "stripe")
    page = f"/wallet/top-ups/{top_up.token}/"
    since = me.get(page).context["row"].version
    asked = {"HTTP_HX_REQUEST": "true"}
    assert me.get(page, {"since": since}, **asked).status_code == 204
    with time_machine.travel(later(top_up.created_at, seconds=9), tick=False):
        tell("stripe", *stripe.notice(COMPLETED, stripe.pay(top_up.transaction_id)))
    moved = me.get(page, {"since": since}, **asked)
    assert moved.status_code == 200
    assert "were added" in moved.content.decode()
    assert "<html" not in moved.content.decode()


def test_the_notice_is_json(stripe, client, db):
    answer = client.post("/payments/process/stripe/", b"{}", content_type="application/json")
    assert json.loads(answer.content) == {"error": "not believed"}
