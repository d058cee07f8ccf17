"""What the vendor's words and figures mean, and that no figures pay out more than was charged."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import fits_cost, share
from orders import states
from orders.verdict import LATE_GOODS, LATE_REST, Report, ended, is_started, judge

DAY = timedelta(days=1)


def smm(word, *, remains=None, charge=None, quantity=1000):
    return judge(
        Report(
            word=word,
            product=False,
            quantity=quantity,
            remains=remains,
            items=0,
            charge=charge,
            cost=Decimal(5),
            quiet_for=timedelta(0),
        )
    )


def product(word, *, items, quantity=5, charge=None, quiet_for=timedelta(0), remains=None):
    return judge(
        Report(
            word=word,
            product=True,
            quantity=quantity,
            remains=remains,
            items=items,
            charge=charge,
            cost=Decimal(5),
            quiet_for=quiet_for,
        )
    )


@pytest.mark.parametrize("word", ["Completed", "completed", " COMPLETED ", "Complete"])
def test_completed_pays_for_everything(word):
    assert smm(word, remains=0) == ended(1000, 1000)


@pytest.mark.parametrize("word", ["In progress", "in_progress", "Pending", "PROCESSING", "Inprogress"])
def test_a_running_word_ends_nothing(word):
    verdict = smm(word, remains=400)
    assert (verdict.state, verdict.flag) == (states.RUNNING, "")


@pytest.mark.parametrize("word", ["Paused", "", "Completed?", "Refilling", "已完成"])
def test_a_word_we_do_not_know_ends_nothing_and_is_flagged(word):
    verdict = smm(word, remains=0, charge=Decimal(0))
    assert verdict.state == states.RUNNING
    assert "unknown status" in verdict.flag


@pytest.mark.parametrize(
    ("remains", "delivered", "state"),
    [
        (157, 843, states.PARTIAL),
        (0, 1000, states.COMPLETED),
        (1000, 0, states.CANCELED),
        (5000, 0, states.CANCELED),
        (-3, 1000, states.COMPLETED),
    ],
)
def test_a_partial_order_is_clamped_to_its_quantity(remains, delivered, state):
    verdict = smm("Partial", remains=remains)
    assert (verdict.delivered, verdict.state) == (delivered, state)
    assert bool(verdict.flag) == (not 0 <= remains <= 1000)


def test_a_partial_order_that_does_not_say_what_remains_waits_for_a_person():
    verdict = smm("Partial", remains=None)
    assert verdict.state == states.RUNNING
    assert verdict.flag


@pytest.mark.parametrize("word", ["Canceled", "Cancelled", "REFUNDED"])
@pytest.mark.parametrize("remains", [0, None, 1000, 99999])
def test_a_canceled_order_is_paid_back_whole(word, remains):
    assert smm(word, remains=remains, charge=Decimal(0)).delivered == 0
    assert smm(word, remains=remains, charge=None).state == states.CANCELED


def test_a_canceled_order_that_the_vendor_was_partly_paid_for_is_partial():
    verdict = smm("Canceled", remains=400, charge=Decimal(3))
    assert (verdict.state, verdict.delivered) == (states.PARTIAL, 600)


@pytest.mark.parametrize("word", ["Error", "Fail", "failed"])
def test_a_failed_order_ends_when_the_vendor_has_paid_back(word):
    assert smm(word, remains=1000, charge=Decimal(0)).state == states.CANCELED
    verdict = smm(word, remains=1000, charge=Decimal(5))
    assert verdict.state == states.RUNNING
    assert verdict.flag


def test_a_product_is_what_arrived_and_not_what_remains_says():
    assert product("Completed", items=5, remains=3) == ended(5, 5)
    assert product("Canceled", items=2).delivered == 2
    assert product("In progress", items=2).delivered == 2


def test_goods_that_come_after_the_word_completed_are_waited_for():
    early = product("Completed", items=3, quiet_for=LATE_GOODS / 2)
    assert early.state == states.RUNNING
    late = product("Completed", items=3, quiet_for=LATE_GOODS)
    assert (late.state, late.delivered) == (states.PARTIAL, 3)
    assert late.flag
    assert product("Completed", items=0, quiet_for=LATE_GOODS).state == states.CANCELED


def test_a_partly_delivered_product_may_still_be_filled_up_while_the_vendor_keeps_our_money():
    assert product("Partial", items=3, charge=Decimal(5)).state == states.RUNNING
    assert product("Partial", items=3, charge=Decimal(3)).state == states.PARTIAL
    assert product("Partial", items=3, charge=Decimal(5), quiet_for=LATE_REST).state == states.PARTIAL
    assert product("Partial", items=5, charge=Decimal(5)).state == states.COMPLETED


def test_more_goods_than_ordered_are_kept_and_not_charged():
    verdict = product("Completed", items=7)
    assert (verdict.delivered, verdict.state) == (5, states.COMPLETED)
    assert verdict.flag


def test_started_is_a_word_of_work():
    assert is_started("In Progress")
    assert not is_started("Pending")


@pytest.mark.parametrize(
    ("charge", "cost", "fits"),
    [
        ("5.00", "5", True),
        ("0.00", "0.0027", True),
        ("5.11", "5", True),
        ("5.12", "5", False),
        ("0.005", "5", False),
        ("5000", "5", False),
    ],
)
def test_a_charge_fits_its_cost_within_the_vendors_rounding(charge, cost, fits):
    assert fits_cost(Decimal(charge), Decimal(cost)) is fits


words = st.sampled_from(
    ["Pending", "In progress", "Completed", "Partial", "Canceled", "Refunded", "Error", "Fail", "Weird", ""]
) | st.text(max_size=20)
reports = st.builds(
    Report,
    word=words,
    product=st.booleans(),
    quantity=st.integers(1, 10**12),
    remains=st.none() | st.integers(-(2**63), 2**63),
    items=st.integers(0, 10**6),
    charge=st.none() | st.decimals(0, 10**6, places=6),
    cost=st.decimals("0.000001", 10**6, places=6),
    quiet_for=st.timedeltas(timedelta(0), DAY * 400),
)


@given(report=reports, micros=st.integers(1, 10**12))
def test_no_answer_ever_pays_out_more_than_was_charged(report, micros):
    charge = Decimal(micros).scaleb(-6)
    verdict = judge(report)
    assert 0 <= verdict.delivered <= report.quantity
    paid = share(charge, part=verdict.delivered, whole=report.quantity)
    assert 0 <= paid <= charge
    if verdict.state == states.COMPLETED:
        assert paid == charge
    if verdict.state == states.CANCELED:
        assert paid == 0
    if verdict.state == states.PARTIAL:
        exact = charge * verdict.delivered / report.quantity
        assert exact - Decimal("0.0000001") <= paid < exact + Decimal("0.0000011")
