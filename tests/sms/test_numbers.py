"""Numbers: bought once, paid for with their first code, and free when none comes."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from core.models import Alert
from reseller.books import audit
from sms import acquire, buy, close, listen, resolve, states
from sms.models import Message, Number, Project, Purchase
from upstream import forwarding
from wallet import ledger

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


def money(user):
    account = ledger.account_of(user)
    return account.balance, account.held


class TestBuying:
    def test_each_number_sets_its_price_aside(self, bought, rich, project):
        purchase = bought(3)
        assert purchase.state == states.PLACED
        assert money(rich)[1] == project.price * 3 == purchase.total
        assert project.price >= project.cost

    @pytest.mark.parametrize("quantity", [0, -1, 11])
    def test_a_quantity_out_of_range_moves_nothing(self, bought, rich, quantity):
        with pytest.raises(buy.CantBuy) as refused:
            bought(quantity)
        assert "quantity" in refused.value.errors
        assert money(rich)[1] == 0

    def test_an_unknown_project_moves_nothing(self, bought, rich):
        with pytest.raises(buy.CantBuy) as refused:
            bought(project_id=10**9)
        assert "project" in refused.value.errors

    @pytest.mark.parametrize("change", [{"hidden": True}, {"state": "WITHDRAWN"}, {"state": "SUSPENDED"}])
    def test_what_is_off_the_shelf_is_not_sold(self, bought, project, change):
        Project.objects.filter(pk=project.pk).update(**change)
        with pytest.raises(buy.CantBuy):
            bought()

    def test_a_price_that_rose_meanwhile_asks_again(self, bought, project):
        with pytest.raises(buy.PriceChanged):
            bought(shown_price=project.price - Decimal("0.0001"))

    def test_without_enough_money_nothing_is_bought(self, projects, project, customer, now):
        Project.objects.filter(pk=project.pk).update(price=Decimal(20))
        with pytest.raises(ledger.InsufficientFunds):
            buy.numbers(customer=customer, project_id=project.pk, quantity=3, now=now)
        assert Purchase.objects.count() == 0
        assert money(customer) == (Decimal(50), Decimal(0))

    def test_the_same_form_twice_is_one_purchase(self, bought, rich, project):
        assert bought(2, form_key="k") == bought(2, form_key="k")
        assert money(rich)[1] == project.price * 2

    def test_the_same_key_with_another_wish_is_refused(self, bought):
        bought(2, form_key="k")
        with pytest.raises(buy.CantBuy, match="other values"):
            bought(3, form_key="k")

    def test_a_number_of_somebody_else_can_not_be_used_again(self, bought, stranger, now, project, rich):
        purchase = bought()
        acquire.acquire(purchase_id=purchase.pk)
        phone = purchase.numbers.get().phone
        ledger.adjust(account=ledger.account_of(stranger), amount=Decimal(50), key="s", memo="s", now=now)
        with pytest.raises(buy.CantBuy) as refused:
            bought(customer=stranger, phone=phone)
        assert "phone" in refused.value.errors
        with pytest.raises(buy.CantBuy):
            bought(phone="+19999999999")
        with pytest.raises(buy.CantBuy):
            bought(quantity=2, phone=phone)

    def test_an_own_number_is_used_again(self, bought, sandbox, listen_to):
        sandbox.plan_sms(behaviour="expire", lifetime=60, times=1)
        first = bought()
        acquire.acquire(purchase_id=first.pk)
        number = first.numbers.get()
        sandbox.advance(61)
        listen_to(number)
        again = bought(phone=number.e164 or number.phone)
        assert acquire.acquire(purchase_id=again.pk) == states.RUNNING
        assert again.numbers.get().phone == number.phone


class TestAcquiring:
    def test_the_numbers_come_and_are_listened_to(self, bought, sandbox):
        purchase = bought(3)
        assert acquire.acquire(purchase_id=purchase.pk) == states.RUNNING
        assert acquire.acquire(purchase_id=purchase.pk) is None
        numbers = list(purchase.numbers.all())
        assert len(numbers) == 3
        assert all(number.e164.startswith("+1") for number in numbers)
        assert sandbox.received["add_sms"] == 1

    def test_fewer_numbers_than_asked_for_give_the_rest_back_at_once(self, bought, rich, sandbox, project):
        sandbox.plan_sms(give=2)
        purchase = bought(5)
        acquire.acquire(purchase_id=purchase.pk)
        assert purchase.numbers.count() == 2
        assert money(rich)[1] == project.price * 2

    @pytest.mark.parametrize(
        ("words", "reason"),
        [
            ("No numbers available", "NO_NUMBERS"),
            ("Project not found", "PROJECT_GONE"),
            ("Phone can not be reused", "PHONE_GONE"),
            ("Whatever", "NOT_ACCEPTED"),
        ],
    )
    def test_a_refusal_gives_everything_back_in_our_words(self, bought, rich, sandbox, words, reason):
        purchase = bought(4)
        sandbox.fault("words", action="add_sms", times=1, words=words)
        assert acquire.acquire(purchase_id=purchase.pk) == states.REJECTED
        purchase.refresh_from_db()
        assert purchase.reason == reason
        assert money(rich)[1] == 0

    def test_an_empty_list_of_numbers_is_a_refusal(self, bought, rich, sandbox):
        purchase = bought(2)
        sandbox.fault("answer", action="add_sms", times=1, body={"orders": []})
        assert acquire.acquire(purchase_id=purchase.pk) == states.REJECTED
        assert money(rich)[1] == 0

    def test_more_numbers_than_asked_for_are_not_charged(self, bought, rich, sandbox, project):
        extra = [{"order": 900 + n, "phone": f"+1202555010{n}", "country": "us", "status": "active"} for n in range(3)]
        sandbox.fault("answer", action="add_sms", times=1, body={"orders": extra})
        purchase = bought(2)
        assert acquire.acquire(purchase_id=purchase.pk) == states.RUNNING
        assert purchase.numbers.count() == 2
        assert Alert.objects.filter(key=f"purchase:{purchase.pk}:surplus").exists()

    @pytest.mark.parametrize("kind", ["lost_after", "lost_before", "http_500", "broken_json"])
    def test_an_answer_that_can_not_be_relied_on_is_never_asked_for_again(self, bought, rich, sandbox, kind, project):
        purchase = bought(10)
        sandbox.fault(kind, action="add_sms", times=1)
        assert acquire.acquire(purchase_id=purchase.pk) == states.UNCERTAIN
        assert acquire.acquire(purchase_id=purchase.pk) is None
        assert sandbox.received["add_sms"] == 1
        assert money(rich)[1] == project.price * 10

    def test_the_three_ways_out(self, bought, operator, sandbox, now, rich):
        purchases = [bought(2) for _ in range(3)]
        for purchase in purchases:
            sandbox.fault("lost_after", action="add_sms", times=1)
            acquire.acquire(purchase_id=purchase.pk)
        given = list(sandbox.vendor.numbers.values())[:2]
        pairs = [(number.id, number.phone) for number in given]
        resolve.found(purchase_id=purchases[0].pk, numbers=pairs, operator=operator, reason="seen", now=now)
        resolve.send_again(purchase_id=purchases[1].pk, operator=operator, reason="not there", now=now)
        resolve.give_up(purchase_id=purchases[2].pk, operator=operator, reason="enough", now=now)
        found = [Purchase.objects.get(pk=purchase.pk).state for purchase in purchases]
        assert found == [states.RUNNING, states.PLACED, states.REJECTED]
        assert purchases[0].numbers.count() == 2

    def test_a_proof_about_an_earlier_call_sends_nothing_again(self, bought, sandbox, now):
        uncertain = bought(3)
        sandbox.fault("lost_after", action="add_sms", times=1)
        acquire.acquire(purchase_id=uncertain.pk)
        uncertain.refresh_from_db()
        with pytest.raises(resolve.CantResolve, match="sent again in the meantime"):
            resolve.send_again(purchase_id=uncertain.pk, operator=None, reason="proof", claim="earlier", now=now)
        uncertain.refresh_from_db()
        assert (uncertain.state, uncertain.attempts.get().outcome) == (states.UNCERTAIN, "UNANSWERED")
        resolve.send_again(purchase_id=uncertain.pk, operator=None, reason="proof", claim=uncertain.claim, now=now)
        uncertain.refresh_from_db()
        assert (uncertain.state, uncertain.attempts.get().outcome) == (states.PLACED, "DISPROVED")

    def test_a_worker_that_vanished_leaves_it_uncertain(self, bought):
        purchase = bought(2)
        forwarding._claim(acquire.DESK, purchase.pk)
        forwarding.expire_leases(acquire.DESK, now=timezone.now() + timedelta(hours=1))
        purchase.refresh_from_db()
        assert purchase.state == states.UNCERTAIN


class TestListening:
    @pytest.fixture
    def number(self, bought, sandbox):
        sandbox.plan_sms(behaviour="code", seconds=20, code="123456", content="Your code is 123456")
        purchase = bought()
        acquire.acquire(purchase_id=purchase.pk)
        return purchase.numbers.get()

    def test_while_it_waits_nothing_is_paid(self, number, listen_to, rich):
        listen_to(number)
        assert number.state == states.WAITING
        assert money(rich)[1] == number.purchase.price
        assert number.next_poll_at > timezone.now()

    def test_the_first_code_is_kept_and_paid_for(self, number, listen_to, sandbox, rich):
        sandbox.advance(21)
        listen_to(number)
        assert number.state == states.RECEIVED
        message = number.messages.get()
        assert (message.code, message.text) == ("123456", "Your code is 123456")
        assert money(rich) == (Decimal(1050) - number.purchase.price, Decimal(0))

    def test_a_charge_that_is_not_the_lists_takes_the_project_off_sale(self, number, listen_to, sandbox, project):
        sandbox.advance(21)
        sandbox.force(number.upstream_id, charge="5.0000")
        listen_to(number)
        project.refresh_from_db()
        assert (number.state, project.state) == (states.RECEIVED, "SUSPENDED")
        assert Alert.objects.filter(key=f"project:{project.pk}:cost", severity="CRITICAL").exists()

    def test_a_code_is_ciphertext_in_the_database(self, number, listen_to, sandbox):
        sandbox.advance(21)
        listen_to(number)
        with connection.cursor() as cursor:
            cursor.execute("SELECT code, text FROM sms_message")
            assert "123456" not in str(cursor.fetchall())

    def test_the_same_code_again_is_one_message_and_one_call(self, number, listen_to, sandbox):
        sandbox.advance(21)
        listen_to(number)
        asked = sandbox.received["sms_code"]
        listen_to(number)
        assert number.messages.count() == 1
        assert sandbox.received["sms_code"] == asked

    def test_a_second_message_is_kept_and_costs_nothing_more(self, bought, listen_to, sandbox, rich):
        sandbox.plan_sms(behaviour="two", seconds=5, second=10)
        purchase = bought()
        acquire.acquire(purchase_id=purchase.pk)
        number = purchase.numbers.get()
        sandbox.advance(6)
        listen_to(number)
        paid = money(rich)[0]
        sandbox.advance(11)
        listen_to(number)
        assert number.messages.count() == 2
        assert money(rich)[0] == paid

    def test_without_a_code_the_money_is_back(self, bought, listen_to, sandbox, rich):
        sandbox.plan_sms(behaviour="expire", lifetime=60)
        purchase = bought()
        acquire.acquire(purchase_id=purchase.pk)
        number = purchase.numbers.get()
        sandbox.advance(61)
        listen_to(number)
        assert number.state == states.EXPIRED
        assert money(rich) == (Decimal(1050), Decimal(0))
        purchase.refresh_from_db()
        assert purchase.state == states.CLOSED

    def test_a_number_the_vendor_cancels_costs_nothing(self, bought, listen_to, sandbox, rich):
        sandbox.plan_sms(behaviour="cancel", seconds=5)
        purchase = bought()
        acquire.acquire(purchase_id=purchase.pk)
        number = purchase.numbers.get()
        sandbox.advance(6)
        listen_to(number)
        assert number.state == states.CANCELED
        assert money(rich) == (Decimal(1050), Decimal(0))

    def test_a_vendor_that_is_silent_at_the_end_keeps_no_money(self, number, listen_to, sandbox, rich):
        sandbox.fault("http_500", action="sms_status")
        after = number.expires_at + timedelta(seconds=1)
        listen_to(number, now=after)
        assert number.state == states.WAITING
        assert number.next_poll_at <= number.expires_at + timedelta(seconds=10)
        listen_to(number, now=number.expires_at + listen.LAST_CALL)
        assert number.state == states.EXPIRED
        assert money(rich) == (Decimal(1050), Decimal(0))

    def test_after_its_end_a_paid_number_is_finished(self, number, listen_to, sandbox):
        sandbox.advance(21)
        listen_to(number)
        listen_to(number, now=number.expires_at + timedelta(seconds=1))
        assert number.state == states.FINISHED

    def test_an_unknown_word_ends_nothing(self, number, listen_to, sandbox):
        sandbox.force(number.upstream_id, status="whatever", code=None)
        listen_to(number)
        assert number.state == states.WAITING
        assert "whatever" in number.flag

    @pytest.mark.parametrize("end", [None, "2001-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"])
    def test_an_end_that_makes_no_sense_is_replaced_by_the_setting(self, number, listen_to, sandbox, end, settings):
        before = number.expires_at
        sandbox.force(number.upstream_id, expires_at=end)
        listen_to(number)
        assert number.expires_at == before

    def test_the_customer_ends_it_when_the_code_is_enough(self, number, listen_to, sandbox, rich, stranger, now):
        with pytest.raises(close.CantFinish):
            close.finish(number_id=number.pk, customer=rich, now=now)
        sandbox.advance(21)
        listen_to(number)
        with pytest.raises(Number.DoesNotExist):
            close.finish(number_id=number.pk, customer=stranger, now=now)
        assert close.finish(number_id=number.pk, customer=rich, now=now).state == states.FINISHED
        assert Message.objects.filter(number=number).exists()

    def test_many_numbers_share_the_budget(self, settings):
        settings.UPSTREAM_MAX_PER_SECOND = 20
        assert listen.interval(1) == listen.WAITING_EVERY
        assert listen.interval(500) == pytest.approx(500 / 16)

    def test_a_batch_is_claimed_and_asked_side_by_side(self, bought, sandbox):
        sandbox.plan_sms(behaviour="code", seconds=1)
        purchases = [bought(10) for _ in range(2)]
        for purchase in purchases:
            acquire.acquire(purchase_id=purchase.pk)
        Number.objects.update(next_poll_at=timezone.now())
        assert listen.listen_due(limit=5) == 5
        assert listen.listen_due() >= 15
