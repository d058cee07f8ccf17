"""Notices go out grouped, once, in the customer's own language; what a mail server refuses is tried again."""

import smtplib
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.mail.backends.locmem import EmailBackend

from notices import send, switch
from notices.kinds import Kind
from notices.models import Notice

pytestmark = pytest.mark.django_db


class Away(EmailBackend):
    """A mail server that does not answer its door."""

    def open(self):
        raise ConnectionRefusedError


class Full(EmailBackend):
    """A mail server that says “not now” to each e-mail."""

    def send_messages(self, messages):
        raise smtplib.SMTPDataError(452, b"full")


class Unknown(EmailBackend):
    """A mail server that knows nobody of this name."""

    def send_messages(self, messages):
        raise smtplib.SMTPRecipientsRefused({"customer@example.com": (550, b"no such user")})


class Dying(EmailBackend):
    """A mail server that takes the e-mail and breaks off before it says so."""

    def send_messages(self, messages):
        super().send_messages(messages)
        raise smtplib.SMTPServerDisconnected("gone")


@pytest.fixture
def server(settings):
    """`server(kind)` puts that mail server in place; without one, the good one again."""

    def server(kind=EmailBackend):
        module = "tests.notices.test_send" if kind is not EmailBackend else EmailBackend.__module__
        settings.EMAIL_DELIVERY_BACKEND = f"{module}.{kind.__name__}"

    settings.EMAIL_BACKEND = "core.mail.Backend"
    server()
    return server


def states():
    return sorted(Notice.objects.values_list("state", flat=True))


def test_it_waits_a_minute_for_others_of_its_kind(told, sweep):
    told()
    assert sweep(minutes=0.5) == []
    [letter] = sweep()
    assert letter.to == ["customer@example.com"]
    assert "Order 17 is completed" in letter.subject
    assert "http://testserver/orders/17/" in letter.body
    assert states() == ["SENT"]
    assert sweep(minutes=60) == []


def test_five_hundred_are_one_letter(told, sweep):
    for number in range(500):
        told(number=number)
    [letter] = sweep()
    assert "500 orders are completed" in letter.subject
    assert letter.body.count("/orders/17/") == 20
    assert "480 more" in letter.body
    assert states() == ["SENT"] * 500


def test_each_kind_and_each_customer_has_its_own(told, sweep, stranger):
    told()
    told(Kind.ORDER_PARTIAL)
    told(who=stranger)
    assert sorted(letter.to[0] for letter in sweep()) == [
        "customer@example.com",
        "customer@example.com",
        "stranger@example.com",
    ]


def test_one_kind_comes_no_more_often_than_every_ten_minutes(told, sweep, now):
    told(at=now - timedelta(minutes=2))
    [first] = sweep(minutes=0)
    told(number=18)
    assert sweep(minutes=5) == []
    [second] = sweep(minutes=12)
    assert "Order 18" in second.subject
    assert first.subject != second.subject


def test_it_speaks_the_customers_language_and_zone(told, sweep, customer, now):
    customer.language, customer.time_zone = "zh-hans", "Asia/Shanghai"
    customer.save()
    told()
    [letter] = sweep()
    assert (now + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M CST") in letter.body


def test_a_hostile_name_forges_no_header_and_no_line(told, sweep):
    told(name="Likes\r\nBcc: all@example.com\n\nhttps://evil.example/", number="1\r\nBcc: x@example.com")
    [letter] = sweep()
    assert "\n" not in letter.subject
    assert "\nBcc" not in letter.body
    assert "\nhttps://evil" not in letter.body
    letter.message()  # Django refuses headers with line breaks


def test_a_letter_can_be_stopped_by_one_click(told, sweep):
    told()
    [letter] = sweep()
    link = letter.extra_headers["List-Unsubscribe"].strip("<>")
    assert letter.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in letter.body


def test_what_was_switched_off_meanwhile_is_dropped(told, sweep, customer):
    told()
    switch.choose(customer_id=customer.pk, on={"ORDER_DONE": False}, low_below=None)
    assert sweep() == []
    assert states() == ["DROPPED"]


@pytest.mark.parametrize("how", ["closed", "address"])
def test_somebody_who_can_not_be_reached_any_more_gets_nothing(told, sweep, customer, how):
    told()
    if how == "closed":
        customer.is_active = False
        customer.save()
    else:
        EmailAddress.objects.update(verified=False)
    assert sweep() == []
    assert states() == ["DROPPED"]


class TestTrouble:
    @pytest.mark.parametrize("kind", [Away, Full])
    def test_what_was_not_taken_is_tried_again_later(self, told, sweep, server, kind):
        told()
        server(kind)
        assert sweep() == []
        assert states() == ["DUE"]
        server()
        assert sweep(minutes=2) == []
        assert len(sweep(minutes=5)) == 1
        assert states() == ["SENT"]

    def test_a_server_that_is_away_ends_the_round(self, told, sweep, server, stranger):
        told()
        told(who=stranger)
        server(Away)
        sweep()
        assert sorted(Notice.objects.values_list("tries", flat=True)) == [0, 1]

    def test_after_a_day_it_is_dropped(self, told, sweep, server):
        told()
        server(Away)
        sweep()
        server()
        assert sweep(minutes=24 * 60 + 5) == []
        assert states() == ["DROPPED"]

    def test_an_unknown_address_is_not_tried_again(self, told, sweep, server):
        told()
        server(Unknown)
        sweep()
        assert states() == ["DROPPED"]

    def test_what_may_have_been_taken_is_never_sent_again(self, told, sweep, server):
        told()
        server(Dying)
        assert len(sweep()) == 1
        assert states() == ["UNKNOWN"]
        server()
        assert sweep(minutes=120) == []

    def test_what_a_vanished_worker_had_in_hand_is_not_sent_again(self, told, sweep, customer, now):
        told()
        assert send._claim(customer.pk, "ORDER_DONE", now)
        assert send.give_up_lost(now=now + timedelta(minutes=5)) == 0
        assert send.give_up_lost(now=now + timedelta(minutes=11)) == 1
        assert sweep(minutes=60) == []
        assert states() == ["UNKNOWN"]

    def test_backoff_grows_to_an_hour(self):
        assert [send.backoff(tries) / timedelta(minutes=1) for tries in (1, 2, 3, 7, 50)] == [1, 2, 4, 60, 60]


def test_two_sweeps_at_once_share_no_notice(told, customer, now):
    told()
    told(number=18)
    first = send._claim(customer.pk, "ORDER_DONE", now)
    assert len(first) == 2
    assert send._claim(customer.pk, "ORDER_DONE", now) == []


def test_what_was_told_is_forgotten_after_a_week(told, sweep, now):
    told()
    sweep()
    send.forget(now=now + timedelta(days=6))
    assert states() == ["SENT"]
    send.forget(now=now + timedelta(days=9))
    assert states() == []
