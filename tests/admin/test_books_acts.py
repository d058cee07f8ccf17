"""Adjusting a balance in the admin: once, within what is available, with words."""

from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from accounts.models import User
from reseller.books import audit
from tests.admin.conftest import balance
from tests.admin.test_order_acts import hidden, text
from wallet.models import Account, Transfer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books():
    yield
    assert audit().problems == []


def page(user):
    return reverse("admin:wallet_account_adjust", args=[user.pk])


def ask(desk, user, **typed):
    return desk.post(page(user), {**hidden(desk.get(page(user))), **typed})


def test_both_pages_lead_to_it_and_the_shops_own_accounts_do_not(desk, customer):
    account = balance(customer)
    for shown in [
        reverse("admin:accounts_user_change", args=[customer.pk]),
        reverse("admin:wallet_account_change", args=[account.pk]),
    ]:
        assert page(customer) in text(desk.get(shown))
    own = Account.objects.get(kind=Account.Kind.ADJUSTMENTS)
    answer = text(desk.get(reverse("admin:wallet_account_change", args=[own.pk])))
    assert "/adjust/" not in answer
    assert "−$50.00" in answer  # what it gave


def test_it_shows_the_balance_before_and_after_then_moves_it_once(desk, customer, operator):
    asked = ask(desk, customer, amount="-12.5", reason="Chargeback")
    for words in ["−$12.50", "$50.00", "$37.50"]:
        assert words in text(asked)
    assert balance(customer).balance == 50
    sent = hidden(asked)
    done = desk.post(page(customer), sent, follow=True)
    assert "it was $50.00 and is now $37.50" in text(done)
    twice = desk.post(page(customer), sent, follow=True)
    assert "adjusted once and is $37.50" in text(twice)
    assert balance(customer).balance == Decimal("37.5")
    transfer = Transfer.objects.get(memo="Chargeback")
    assert transfer.signed == Decimal("-12.5")
    entry = LogEntry.objects.get()
    assert entry.user == operator
    assert "Chargeback" in entry.change_message


def test_a_used_form_does_not_move_another_amount(desk, customer):
    sent = hidden(ask(desk, customer, amount="5", reason="Gift"))
    desk.post(page(customer), sent)
    answer = desk.post(page(customer), {**sent, "amount": "6"})
    assert "moved another amount already" in answer.context["form"].errors["amount"][0]
    assert balance(customer).balance == 55


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("-50.01", "Only $50.00 are available to be taken."),
        ("0", "Nothing would move."),
        ("1,000", "Enter an amount such as 12.50."),
        ("1e9", "Enter an amount such as 12.50."),
        ("0.0000001", "Use at most 6 decimals."),
        ("99999999999", "This amount is too large."),
        ("", "Enter an amount such as 12.50."),
    ],
)
def test_what_is_wrong_stands_beside_the_amount(desk, customer, amount, words):
    answer = ask(desk, customer, amount=amount, reason="kept words")
    assert words in answer.context["form"].errors["amount"][0]
    assert "kept words" in text(answer)
    assert f'value="{amount}"' in text(answer) or not amount
    assert balance(customer).balance == 50


def test_what_is_on_hold_is_not_taken_even_when_it_went_on_hold_after_the_question(desk, make, customer):
    sent = hidden(ask(desk, customer, amount="-50", reason="All of it"))
    order = make.placed()
    answer = desk.post(page(customer), sent)
    assert answer.context["form"].errors["amount"] == ["Only $48.75 are available to be taken."]
    assert balance(customer).held == order.charge


def test_it_wants_a_reason(desk, customer):
    answer = ask(desk, customer, amount="5", reason="")
    assert "Say why" in answer.context["form"].errors["reason"][0]


def test_a_form_whose_key_was_tampered_with_moves_nothing(desk, customer):
    answer = desk.post(page(customer), {"amount": "5", "reason": "x", "key": "no key", "confirmed": "1"})
    assert answer.status_code == 200
    assert balance(customer).balance == 50


def test_somebody_without_an_account_gets_one_with_the_first_adjustment_and_not_before(desk, db):
    newcomer = User.objects.create_user("new@example.com", "x")
    assert desk.get(page(newcomer)).status_code == 200
    asked = ask(desk, newcomer, amount="3", reason="Welcome")
    assert not Account.objects.filter(owner=newcomer).exists()
    assert desk.post(page(newcomer), hidden(asked), follow=True).status_code == 200
    assert balance(newcomer).balance == 3


def test_nobody_is_nobody(desk):
    assert desk.get(reverse("admin:wallet_account_adjust", args=[999_999])).status_code == 404
