"""Commands that operators' scripts rely on: JSON on standard output, and a clear failure otherwise."""

import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from core.models import StaffAct
from wallet import ledger
from wallet.models import Transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(capsys):
    def run(*arguments):
        capsys.readouterr()
        call_command(*arguments)
        return json.loads(capsys.readouterr().out)

    return run


def test_create_customer_prints_who_and_what_they_have(run):
    shown = run("create_customer", "New@Example.com", "--password", "pw", "--credit", "50.00")
    user = User.objects.get(email="new@example.com")
    assert shown == {"id": user.pk, "email": "new@example.com", "balance": "50.00"}
    assert user.check_password("pw")
    assert not user.is_staff


def test_create_customer_reads_a_password_that_is_piped_in(run, monkeypatch):
    monkeypatch.setattr("sys.stdin", StringIO("a long passphrase\nmore\n"))
    run("create_customer", "new@example.com", "--password", "-")
    assert User.objects.get().check_password("a long passphrase")
    monkeypatch.setattr("sys.stdin", StringIO(""))
    with pytest.raises(CommandError, match="no password"):
        run("create_customer", "other@example.com", "--password", "-")
    assert User.objects.count() == 1


class Terminal(StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("again", ["a long passphrase", "a long pasphrase"])
def test_create_customer_asks_twice_at_a_terminal(run, monkeypatch, again):
    typed = iter(["a long passphrase", again])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("api.management.commands.create_customer.getpass", lambda _asked: next(typed))
    if again != "a long passphrase":
        with pytest.raises(CommandError, match="two passwords"):
            run("create_customer", "new@example.com", "--password", "-")
        assert not User.objects.exists()
        return
    run("create_customer", "new@example.com", "--password", "-")
    assert User.objects.get().check_password("a long passphrase")


def test_create_customer_can_make_staff(run):
    run("create_customer", "boss@example.com", "--staff")
    assert User.objects.get().is_staff


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["a@b.com", "--credit", "five"],
        ["a@b.com", "--credit", "-5"],
        ["a@b.com", "--credit", "0.0000001"],
    ],
)
def test_create_customer_refuses_nonsense_and_makes_nobody(arguments):
    with pytest.raises(CommandError):
        call_command("create_customer", *arguments)
    assert not User.objects.exists()


def test_create_customer_refuses_the_same_address_in_other_case(customer):
    with pytest.raises(CommandError, match="already"):
        call_command("create_customer", "CUSTOMER@example.com")


def test_credit_adds_and_the_same_key_credits_once(run, customer):
    arguments = ("credit", customer.email, "12.5", "--reason", "gift", "--key", "k1")
    assert run(*arguments) == {"email": customer.email, "balance": "62.50", "held": "0.00"}
    assert run(*arguments)["balance"] == "62.50"
    assert run("credit", customer.email, "0.000001", "--reason", "gift")["balance"] == "62.500001"


def test_credit_takes_away_what_is_there_and_no_more(run, customer):
    assert run("credit", customer.email, "--reason", "x", "--", "-50")["balance"] == "0.00"
    with pytest.raises(CommandError, match="more is needed"):
        call_command("credit", customer.email, "--reason", "x", "--", "-1")


@pytest.mark.parametrize(
    ("email", "amount", "reason", "words"),
    [
        ("nobody@example.com", "5", "x", "Nobody"),
        ("customer@example.com", "much", "x", "amount"),
        ("customer@example.com", "0", "x", "can't be moved"),
        ("customer@example.com", "5", "  ", "say why"),
    ],
)
def test_credit_refuses_nonsense_in_words(customer, email, amount, reason, words):
    with pytest.raises(CommandError, match=words):
        call_command("credit", email, amount, "--reason", reason)
    assert ledger.account_of(customer).balance == 50


def test_audit_books_prints_what_it_saw(run, customer):
    assert run("audit_books") == {"ok": True, "accounts": 2, "transfers": 1, "open_holds": 0, "problems": []}


def test_audit_books_fails_when_the_books_do_not_match(customer, capsys):
    from wallet.models import Account

    Account.objects.filter(owner=customer).update(balance=51)
    with pytest.raises(SystemExit) as left:
        call_command("audit_books")
    assert left.value.code == 1
    shown = json.loads(capsys.readouterr().out)
    assert shown["ok"] is False
    assert shown["problems"]


def test_credit_is_recorded_with_its_reason(run, customer):
    run("credit", customer.email, "12.5", "--reason", " a gift ")
    act = StaffAct.objects.get()
    transfer = Transfer.objects.get(key__startswith="credit:")
    assert (transfer.memo, transfer.signed) == ("a gift", Decimal("12.5"))
    assert (act.kind, act.reason, act.agent) == (StaffAct.Kind.COMMAND, "a gift", "manage.py credit")
    assert act.said == f"Adjusted the balance by $12.50: transfer {transfer.pk}."


def test_credit_without_a_key_credits_each_time(run, customer):
    for balance in ("51.00", "52.00"):
        assert run("credit", customer.email, "1", "--reason", "x")["balance"] == balance


def test_a_key_for_credit_has_at_most_100_characters(run, customer):
    arguments = ("credit", customer.email, "1", "--reason", "x", "--key")
    assert run(*arguments, "k" * 100)["balance"] == "51.00"
    assert Transfer.objects.filter(key=f"credit:{'k' * 100}").exists()
    with pytest.raises(CommandError, match="at most 100"):
        call_command(*arguments, "k" * 101)


def test_credit_wants_a_reason(customer):
    with pytest.raises(CommandError, match="--reason"):
        call_command("credit", customer.email, "1")


def test_credit_shows_what_is_held(run, customer, now):
    ledger.hold(account=ledger.account_of(customer), amount=Decimal("2.5"), key="h", now=now)
    shown = run("credit", customer.email, "1", "--reason", "x")
    assert shown == {"email": customer.email, "balance": "51.00", "held": "2.50"}
