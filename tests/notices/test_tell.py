"""A notice is written with what it tells of, only for somebody who wants it and can be reached."""

from decimal import Decimal

import pytest
from allauth.account.models import EmailAddress
from django.db import transaction

from notices import switch
from notices.kinds import WORDS, Kind
from notices.models import Notice, Switches
from notices.tell import balance_fell
from wallet import ledger

pytestmark = pytest.mark.django_db


def test_what_happened_is_written_once_with_its_words(told, customer, now):
    assert told()
    notice = Notice.objects.get()
    assert (notice.customer, notice.kind, notice.state, notice.made_at) == (customer, "ORDER_DONE", "DUE", now)
    assert notice.due_at > now


def test_what_is_undone_is_not_told(told):
    with transaction.atomic():
        told()
        transaction.set_rollback(True)
    assert not Notice.objects.exists()


def test_every_kind_has_words_that_need_only_what_callers_give():
    about = {"number": "17", "name": "Likes", "amount": "$1", "threshold": "$5"}
    for kind in Kind:
        words = WORDS[kind]
        assert "%" not in words.subject([about]) + words.subject([about] * 2) + str(words.line) % about


def test_codes_are_off_at_first_and_the_rest_is_on(told):
    assert {kind: told(kind) for kind in Kind} == {kind: kind != Kind.CODE_ARRIVED for kind in Kind}


def test_a_kind_that_is_off_costs_one_look_up_and_writes_nothing(told, customer, django_assert_num_queries):
    switch.choose(customer_id=customer.pk, on={"ORDER_DONE": False}, low_below=None)
    with django_assert_num_queries(1):
        assert not told()
    assert told(Kind.ORDER_PARTIAL)


def test_an_address_that_is_not_confirmed_gets_nothing(told, customer):
    EmailAddress.objects.update(verified=False)
    assert not told()


def test_a_nul_in_a_name_does_no_harm(told):
    assert told(name="a\0b")
    assert Notice.objects.get().about["name"] == "ab"


class TestLowBalance:
    @pytest.fixture
    def marked(self, customer):
        """The customer has 50 USD and wants to know when less than 20 are left."""
        switch.choose(customer_id=customer.pk, on={}, low_below=Decimal(20))
        return ledger.account_of(customer)

    def hold(self, account, amount, key, now):
        return ledger.hold(account=account, amount=Decimal(amount), key=key, now=now)

    def test_the_step_across_the_mark_tells_once(self, marked, now):
        self.hold(marked, 20, "a", now)
        assert not Notice.objects.exists()
        self.hold(marked, 15, "b", now)
        assert Notice.objects.get().about == {"amount": "$15.00", "threshold": "$20.00"}
        self.hold(marked, 5, "c", now)
        assert Notice.objects.count() == 1

    def test_after_it_rose_it_tells_again(self, marked, now):
        held = self.hold(marked, 35, "a", now)
        ledger.release(hold=held, now=now)
        self.hold(marked, 31, "b", now)
        assert Notice.objects.count() == 2

    def test_a_capture_is_no_fall(self, marked, now):
        held = self.hold(marked, 30, "a", now)
        ledger.capture(hold=held, amount=Decimal(25), key="a:capture", now=now)
        assert not Notice.objects.exists()

    def test_an_operators_correction_is_one(self, marked, now):
        ledger.adjust(account=marked, amount=Decimal(-40), key="wrong", memo="wrong", now=now)
        assert Notice.objects.get().about["amount"] == "$10.00"

    def test_a_repeat_of_the_same_hold_tells_nothing_more(self, marked, now):
        self.hold(marked, 35, "a", now)
        self.hold(marked, 35, "a", now)
        assert Notice.objects.count() == 1

    def test_without_a_mark_or_with_the_switch_off_it_is_silent(self, marked, customer, now):
        switch.choose(customer_id=customer.pk, on={"LOW_BALANCE": False}, low_below=Decimal(20))
        self.hold(marked, 35, "a", now)
        switch.choose(customer_id=customer.pk, on={"LOW_BALANCE": True}, low_below=None)
        self.hold(marked, 5, "b", now)
        assert not Notice.objects.exists()

    def test_it_costs_one_look_up(self, marked, customer, now, django_assert_num_queries):
        Switches.objects.all().delete()
        with django_assert_num_queries(1):
            balance_fell(customer_id=customer.pk, before=Decimal(50), after=Decimal(1), now=now)
