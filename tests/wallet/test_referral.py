"""Referrals: a link, who signed up by it, and a share of what they really paid, once."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts import referral as links
from accounts.models import User
from reseller.books import audit
from wallet import ledger, referral
from wallet.models import ReferralSweep, Transfer

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _on(settings):
    settings.REFERRAL_PERCENT = Decimal(10)
    settings.REFERRAL_DELAY_DAYS = 14
    cache.clear()
    yield
    assert audit().problems == []


def sign_up(client, email="new@example.com"):
    client.post(reverse("account_signup"), {"email": email, "password1": "a long enough passphrase"})
    return User.objects.get(email=email)


@pytest.fixture
def friend(client, customer):
    """Somebody who followed the customer's link and signed up."""
    client.get(reverse("referral", args=[links.code_of(customer)]))
    return sign_up(client)


@pytest.fixture
def paid(friend, now):
    """`paid(amount, …)`: the friend's purchase, ended at the moment `at`; its hold."""

    def paid(amount="1", at=now, refunded="0", by=friend):
        account = ledger.account_of(by)
        key = f"t:{Transfer.objects.count()}"
        ledger.deposit(account=account, amount=Decimal(amount), key=f"{key}:in", now=at)
        hold = ledger.hold(account=account, amount=Decimal(amount), key=f"{key}:hold", now=at)
        ledger.capture(hold=hold, amount=Decimal(amount), key=f"{key}:out", now=at)
        if Decimal(refunded):
            ledger.refund(hold=hold, amount=Decimal(refunded), key=f"{key}:back", now=at)
        return hold

    # The sweep begins where it is first run.
    referral.credit(now=now - 14 * DAY)
    return paid


class TestTheLink:
    def test_signing_up_by_it_remembers_who_sent_it(self, friend, customer):
        assert friend.referred_by == customer

    def test_it_stays_the_same(self, customer):
        assert links.code_of(customer) == links.code_of(User.objects.get(pk=customer.pk))

    def test_without_it_nobody_referred(self, client):
        assert sign_up(client).referred_by is None

    @pytest.mark.parametrize("code", ["nobody", "x" * 60])
    def test_a_link_of_nobody_leads_to_the_front_page_all_the_same(self, client, code):
        assert client.get(f"/r/{code}").headers["Location"] == reverse("front")
        assert sign_up(client).referred_by is None

    def test_a_cookie_that_somebody_made_up_counts_for_nothing(self, client, customer):
        client.cookies[links.COOKIE] = links.code_of(customer)
        assert sign_up(client).referred_by is None

    def test_after_thirty_days_it_no_longer_counts(self, client, customer, now):
        with time_machine.travel(now - timedelta(days=31)):
            client.get(reverse("referral", args=[links.code_of(customer)]))
            cookie = client.cookies[links.COOKIE].value
        client.cookies[links.COOKIE] = cookie
        assert sign_up(client).referred_by is None

    def test_staff_refer_nobody(self, client, operator):
        client.get(reverse("referral", args=[links.code_of(operator)]))
        assert sign_up(client).referred_by is None

    def test_somebody_who_has_an_account_follows_it_for_nothing(self, client, customer):
        client.force_login(customer)
        client.get(reverse("referral", args=[links.code_of(customer)]))
        client.logout()
        assert sign_up(client).referred_by is None

    def test_nobody_refers_themselves(self, customer):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.filter(pk=customer.pk).update(referred_by=customer.pk)

    def test_switched_off_it_remembers_nothing(self, client, customer, settings):
        settings.REFERRAL_PERCENT = Decimal(0)
        client.get(reverse("referral", args=[links.code_of(customer)]))
        assert links.COOKIE not in client.cookies
        assert sign_up(client).referred_by is None


class TestTheShare:
    def test_is_credited_after_the_delay_and_once(self, paid, customer, now):
        hold = paid("12.34")
        assert referral.credit(now=now + 14 * DAY) == 0
        assert referral.credit(now=now + 14 * DAY + timedelta(seconds=1)) == 1
        assert referral.credit(now=now + 20 * DAY) == 0
        bonus = Transfer.objects.get(kind=Transfer.Kind.BONUS)
        assert (bonus.amount, bonus.key) == (Decimal("1.234"), f"referral:hold:{hold.pk}")
        assert referral.earned(customer) == Decimal("1.234")

    def test_is_of_what_was_really_paid(self, paid, customer, now):
        paid("10", refunded="4")
        paid("10", refunded="10")
        assert referral.credit(now=now + 15 * DAY) == 1
        assert referral.earned(customer) == Decimal("0.6")

    def test_is_rounded_down_to_a_micro_and_nothing_is_no_movement(self, paid, customer, now):
        paid("0.000009")
        paid("0.000019")
        assert referral.credit(now=now + 15 * DAY) == 1
        assert referral.earned(customer) == Decimal("0.000001")

    def test_other_customers_earn_nobody_anything(self, paid, stranger, now):
        paid("10", by=stranger)
        assert referral.credit(now=now + 15 * DAY) == 0

    def test_staff_and_closed_accounts_earn_nothing(self, paid, customer, now):
        paid("1")
        User.objects.filter(pk=customer.pk).update(is_active=False)
        assert referral.credit(now=now + 15 * DAY) == 0
        assert referral.earned(customer) == 0

    def test_a_sweep_that_forgot_how_far_it_was_pays_nothing_twice(self, paid, customer, now):
        hold = paid("10")
        referral.credit(now=now + 15 * DAY)
        ledger.refund(hold=hold, amount=Decimal(5), key="late", now=now + 15 * DAY)
        ReferralSweep.objects.update(closed_at=now - DAY, hold_number=0)
        assert referral.credit(now=now + 15 * DAY) == 0
        assert referral.earned(customer) == 1

    def test_many_of_one_moment_are_all_found_batch_by_batch(self, paid, customer, now, monkeypatch):
        monkeypatch.setattr(referral, "BATCH", 2)
        for minute in (0, 0, 0, 0, 1):
            paid("1", at=now + timedelta(minutes=minute))
        assert referral.credit(now=now + 15 * DAY) == 5
        assert referral.earned(customer) == Decimal("0.5")

    @pytest.mark.parametrize("count", [1, 3, 4, 6, 7])
    def test_batches_may_end_anywhere(self, paid, customer, now, monkeypatch, count):
        monkeypatch.setattr(referral, "BATCH", 3)
        holds = [paid("1", at=now + timedelta(minutes=minute // 2)) for minute in range(count)]
        assert referral.credit(now=now + 15 * DAY) == count
        assert Transfer.objects.filter(kind="BONUS").count() == count
        swept = ReferralSweep.objects.get()
        assert (swept.closed_at, swept.hold_number) == (now + DAY, 0)
        assert all(Transfer.objects.filter(key=f"referral:hold:{hold.pk}").exists() for hold in holds)

    def test_a_sweep_that_another_overtook_stops(self, paid, customer, now, monkeypatch):
        monkeypatch.setattr(referral, "BATCH", 2)
        for minute in range(4):
            paid("1", at=now + timedelta(minutes=minute))
        credit = referral._credit

        def slow(hold, at):
            ReferralSweep.objects.update(closed_at=now + 20 * DAY, hold_number=0)
            return credit(hold, at)

        monkeypatch.setattr(referral, "_credit", slow)
        assert referral.credit(now=now + 15 * DAY) == 2
        assert ReferralSweep.objects.get().closed_at == now + 20 * DAY

    def test_the_sweep_never_goes_back(self, paid, now):
        paid("1")
        referral.credit(now=now + 15 * DAY)
        reached = ReferralSweep.objects.values_list().get()
        assert referral.credit(now=now + 14 * DAY) == 0
        assert ReferralSweep.objects.values_list().get() == reached

    def test_switched_off_the_sweep_moves_on(self, paid, now, settings):
        settings.REFERRAL_PERCENT = Decimal(0)
        assert referral.credit(now=now + 15 * DAY) == 0
        assert ReferralSweep.objects.get().closed_at == now + DAY
        assert ReferralSweep.objects.get().hold_number == 0, "every hold that ended at that very moment lies beyond"
        assert str(ReferralSweep.objects.get()) == f"{now + DAY:%Y-%m-%d %H:%M:%S}"

    def test_staff_who_buy_earn_their_referrer_nothing(self, paid, friend, now):
        paid("1")
        User.objects.filter(pk=friend.pk).update(is_staff=True)
        assert referral.credit(now=now + 15 * DAY) == 0

    def test_the_task_credits_what_is_due_now(self, paid, customer, now):
        paid("1", at=now - timedelta(hours=1))
        ReferralSweep.objects.update(closed_at=now - 30 * DAY)
        from wallet.tasks import credit_referrals

        credit_referrals()
        assert referral.earned(customer) == 0
        with time_machine.travel(now + 15 * DAY, tick=False):
            credit_referrals()
        assert referral.earned(customer) == Decimal("0.1")

    def test_what_else_the_customer_was_given_is_not_earned(self, paid, customer, now):
        paid("1")
        referral.credit(now=now + 15 * DAY)
        ledger.bonus(account=ledger.account_of(customer), amount=Decimal(7), key="gift", now=now)
        assert referral.earned(customer) == Decimal("0.1")

    def test_switching_it_on_pays_for_nothing_that_ended_long_before(self, paid, customer, now, settings):
        paid("1")
        settings.REFERRAL_PERCENT = Decimal(0)
        referral.credit(now=now + 20 * DAY)
        settings.REFERRAL_PERCENT = Decimal(10)
        paid("1", at=now + 10 * DAY)
        assert referral.credit(now=now + 30 * DAY) == 1

    def test_a_sweep_with_nothing_new_is_a_few_small_queries(self, paid, now, django_assert_max_num_queries):
        for _ in range(5):
            paid("1")
        referral.credit(now=now + 15 * DAY)
        with django_assert_max_num_queries(3):
            referral.credit(now=now + 16 * DAY)


class TestThePage:
    def test_shows_the_link_who_came_and_what_it_earned(self, paid, customer, now):
        paid("10")
        referral.credit(now=now + 15 * DAY)
        client = Client()
        client.force_login(customer)
        text = client.get(reverse("referrals")).content.decode()
        assert f"http://testserver/r/{links.code_of(User.objects.get(pk=customer.pk))}" in text
        assert "$1.00" in text
        assert "10%" in text
        assert reverse("referrals") in client.get(reverse("accounts:profile")).content.decode()

    def test_counts_who_signed_up_and_tells_the_terms(self, friend, customer, settings):
        settings.REFERRAL_PERCENT = Decimal("10.50")
        client = Client()
        client.force_login(customer)
        response = client.get(reverse("referrals"))
        told = {name: response.context[name] for name in ("signed_up", "earned", "percent", "days", "cookie_days")}
        assert told == {"signed_up": 1, "earned": 0, "percent": Decimal("10.5"), "days": 14, "cookie_days": 30}
        assert "no-store" in response["Cache-Control"]

    def test_is_not_there_for_staff(self, client, operator):
        client.force_login(operator)
        assert client.get(reverse("referrals")).status_code == 404

    def test_is_not_there_while_it_is_switched_off(self, client, customer, settings):
        settings.REFERRAL_PERCENT = Decimal(0)
        client.force_login(customer)
        assert client.get(reverse("referrals")).status_code == 404
        assert reverse("referrals") not in client.get(reverse("accounts:profile")).content.decode()

    def test_is_for_those_who_are_signed_in(self, client):
        assert client.get(reverse("referrals")).status_code == 302
