"""No sequence of acts breaks the books: hypothesis plays the shop."""

from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import User
from tests.examples import examples
from wallet import audit, ledger
from wallet.models import Hold

amounts = st.integers(min_value=1, max_value=30_000_000).map(lambda micros: Decimal(micros).scaleb(-6))
acts = st.lists(
    st.tuples(
        st.sampled_from(["deposit", "hold", "capture", "release", "refund", "take", "bonus", "split", "chargeback"]),
        amounts,
        st.integers(min_value=0, max_value=5),  # which hold
        st.integers(min_value=0, max_value=9),  # which key: small, so that keys repeat
    ),
    max_size=25,
)


@pytest.mark.django_db
class TestBooks(TestCase):
    @settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(acts=acts)
    def test_no_sequence_of_acts_breaks_the_books(self, acts):
        user = User.objects.create_user("player@example.com")
        account = ledger.account_of(user)
        now = timezone.now()
        inside = Decimal(0)  # what came in from outside, less what went out to it
        for act, amount, which, key in acts:
            hold = Hold.objects.filter(account=account, key=f"hold:{which}").first()
            try:
                if act == "deposit":
                    before = ledger.account_of(user).balance
                    ledger.deposit(account=account, amount=amount, key=f"d:{key}", now=now)
                    account.refresh_from_db()
                    inside += account.balance - before
                elif act == "bonus":
                    before = ledger.account_of(user).balance
                    ledger.bonus(account=account, amount=amount, key=f"b:{key}", now=now)
                    account.refresh_from_db()
                    inside += account.balance - before
                elif act == "chargeback":
                    before = ledger.account_of(user).balance
                    ledger.chargeback(account=account, amount=amount, key=f"cb:{key}", memo="m", now=now)
                    account.refresh_from_db()
                    inside += account.balance - before
                elif act == "take":
                    before = ledger.account_of(user).balance
                    ledger.adjust(account=account, amount=-amount, key=f"t:{key}", memo="m", now=now)
                    account.refresh_from_db()
                    inside += account.balance - before
                elif act == "hold":
                    ledger.hold(account=account, amount=amount, key=f"hold:{which}", now=now)
                elif hold and act == "split":
                    ledger.split(hold=hold, amount=amount, key=f"hold:{which + 1}", now=now)
                elif hold and act == "capture":
                    ledger.capture(hold=hold, amount=amount, key=f"c:{key}", now=now)
                elif hold and act == "release":
                    ledger.release(hold=hold, now=now)
                elif hold and act == "refund":
                    ledger.refund(hold=hold, amount=amount, key=f"r:{key}", now=now)
            except ledger.LedgerError:
                pass
            account.refresh_from_db()
            assert account.balance >= account.held >= 0
        assert audit.findings().problems == []
        sold = sum((h.captured - h.refunded for h in Hold.objects.filter(account=account)), Decimal(0))
        assert account.balance + sold == inside
        assert all(0 <= h.refunded <= h.captured <= h.amount for h in Hold.objects.filter(account=account))
