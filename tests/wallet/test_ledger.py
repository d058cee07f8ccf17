"""The ledger's acts, one by one."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from notices.models import Notice, Switches
from wallet import audit, guards, ledger
from wallet.models import Account, Hold, Transfer

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(customer):
    return ledger.account_of(customer)


def figures(account):
    account.refresh_from_db()
    return account.balance, account.held, account.available


def test_a_deposit_raises_the_balance(account, now):
    ledger.deposit(account=account, amount=Decimal("12.34"), key="payment:1", now=now)
    assert figures(account) == (Decimal("62.34"), Decimal(0), Decimal("62.34"))


def test_the_same_key_moves_money_once(account, now):
    first = ledger.deposit(account=account, amount=Decimal(5), key="payment:1", now=now)
    again = ledger.deposit(account=account, amount=Decimal(5), key="payment:1", now=now)
    assert first == again
    assert figures(account)[0] == Decimal(55)


def test_what_a_provider_takes_back_leaves_nobody_below_zero(account, now):
    ledger.deposit(account=account, amount=Decimal(20), key="in", now=now)
    ledger.hold(account=account, amount=Decimal(55), key="h", now=now)
    with pytest.raises(ledger.InsufficientFunds):
        ledger.chargeback(account=account, amount=Decimal("15.01"), key="out", memo="m", now=now)
    for _twice in range(2):
        taken = ledger.chargeback(account=account, amount=Decimal(15), key="out", memo="m", now=now)
    assert (taken.signed, taken.target.kind) == (-15, "PAYMENTS")
    assert figures(account) == (55, 55, 0)
    assert audit.findings().problems == []


def test_a_bonus_is_the_shops_gift_and_not_a_payment(account, now):
    given = ledger.bonus(account=account, amount=Decimal(5), key="gift:1", now=now)
    assert (given.source.kind, given.signed) == (Account.Kind.PROMOTIONS, Decimal(5))
    assert figures(account)[0] == Decimal(55)
    assert audit.findings().problems == []


def test_a_part_of_a_hold_becomes_a_hold_of_its_own_and_is_never_free_in_between(account, now):
    whole = ledger.hold(account=account, amount=Decimal(9), key="plan:1:hold", now=now)
    for _ in range(2):  # the same key again takes nothing more
        part = ledger.split(hold=whole, amount=Decimal(4), key="order:1:hold", now=now)
    assert figures(account) == (Decimal(50), Decimal(9), Decimal(41))
    whole.refresh_from_db()
    assert (part.amount, whole.amount, whole.state) == (Decimal(4), Decimal(5), Hold.State.OPEN)
    with pytest.raises(ledger.LedgerError):
        ledger.split(hold=whole, amount=Decimal("5.01"), key="order:2:hold", now=now)
    ledger.split(hold=whole, amount=Decimal(5), key="order:2:hold", now=now)
    whole.refresh_from_db()
    assert whole.state == Hold.State.RELEASED
    with pytest.raises(ledger.HoldClosed):
        ledger.split(hold=whole, amount=Decimal(1), key="order:3:hold", now=now)
    assert figures(account) == (Decimal(50), Decimal(9), Decimal(41))
    assert audit.findings().problems == []


@pytest.mark.parametrize("amount", [Decimal(6), Decimal(-5)])
def test_a_key_can_not_stand_for_another_amount(account, now, amount):
    ledger.adjust(account=account, amount=Decimal(5), key="k", memo="m", now=now)
    with pytest.raises(ledger.KeyReused):
        ledger.adjust(account=account, amount=amount, key="k", memo="m", now=now)
    assert figures(account)[0] == Decimal(55)


def test_a_key_can_not_stand_for_another_customer(account, stranger, now):
    ledger.deposit(account=account, amount=Decimal(5), key="k", now=now)
    with pytest.raises(ledger.KeyReused), transaction.atomic():
        ledger.deposit(account=ledger.account_of(stranger), amount=Decimal(5), key="k", now=now)
    assert figures(ledger.account_of(stranger))[0] == 0


def test_a_hold_lowers_what_is_available_and_not_the_balance(account, now):
    ledger.hold(account=account, amount=Decimal("20.5"), key="order:1:hold", now=now)
    assert figures(account) == (Decimal(50), Decimal("20.5"), Decimal("29.5"))


def test_a_hold_never_passes_what_is_available(account, now):
    ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    with pytest.raises(ledger.InsufficientFunds) as refused:
        ledger.hold(account=account, amount=Decimal("20.000001"), key="b", now=now)
    assert refused.value.available == Decimal(20)
    assert "$20.00" in str(refused.value)
    assert figures(account) == (Decimal(50), Decimal(30), Decimal(20))


def test_a_repeated_hold_sets_aside_once(account, now):
    first = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    assert ledger.hold(account=account, amount=Decimal(30), key="a", now=now) == first
    with pytest.raises(ledger.KeyReused):
        ledger.hold(account=account, amount=Decimal(31), key="a", now=now)
    assert figures(account)[1] == Decimal(30)


def test_capturing_a_part_gives_the_rest_back(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    ledger.capture(hold=hold, amount=Decimal("12.345678"), key="a:capture", now=now)
    assert figures(account) == (Decimal("37.654322"), Decimal(0), Decimal("37.654322"))
    hold.refresh_from_db()
    assert (hold.state, hold.captured) == (Hold.State.CAPTURED, Decimal("12.345678"))


def test_a_hold_is_captured_once_whatever_the_key(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    ledger.capture(hold=hold, amount=Decimal(10), key="one", now=now)
    ledger.capture(hold=hold, amount=Decimal(10), key="one", now=now)
    with pytest.raises(ledger.HoldClosed):
        ledger.capture(hold=hold, amount=Decimal(10), key="two", now=now)
    assert figures(account)[0] == Decimal(40)


def test_more_than_the_hold_can_not_be_captured(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    with pytest.raises(ledger.LedgerError):
        ledger.capture(hold=hold, amount=Decimal("30.000001"), key="one", now=now)
    assert figures(account) == (Decimal(50), Decimal(30), Decimal(20))


def test_a_release_gives_all_back_and_twice_is_harmless(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    ledger.release(hold=hold, now=now)
    ledger.release(hold=hold, now=now)
    assert figures(account) == (Decimal(50), Decimal(0), Decimal(50))
    with pytest.raises(ledger.HoldClosed):
        ledger.capture(hold=hold, amount=Decimal(1), key="late", now=now)


def test_a_captured_hold_is_not_released(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    ledger.capture(hold=hold, amount=Decimal(30), key="one", now=now)
    with pytest.raises(ledger.HoldClosed):
        ledger.release(hold=hold, now=now)
    assert figures(account)[0] == Decimal(20)


def test_refunds_never_pass_the_capture(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    ledger.capture(hold=hold, amount=Decimal(10), key="one", now=now)
    ledger.refund(hold=hold, amount=Decimal(7), key="r1", now=now)
    ledger.refund(hold=hold, amount=Decimal(7), key="r1", now=now)
    with pytest.raises(ledger.LedgerError, match=r"\$3\.00"):
        ledger.refund(hold=hold, amount=Decimal("3.000001"), key="r2", now=now)
    ledger.refund(hold=hold, amount=Decimal(3), key="r3", now=now)
    assert figures(account)[0] == Decimal(50)


def test_nothing_is_refunded_before_a_capture(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    with pytest.raises(ledger.LedgerError):
        ledger.refund(hold=hold, amount=Decimal(1), key="r", now=now)


def test_an_adjustment_never_takes_what_is_held(account, now):
    ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    with pytest.raises(ledger.InsufficientFunds):
        ledger.adjust(account=account, amount=Decimal("-20.01"), key="x", memo="m", now=now)
    ledger.adjust(account=account, amount=Decimal(-20), key="y", memo="m", now=now)
    assert figures(account) == (Decimal(30), Decimal(30), Decimal(0))


@pytest.mark.parametrize("amount", ["0", "-1", "1000000001", "NaN", "Infinity"])
def test_an_amount_that_makes_no_sense_moves_nothing(account, now, amount):
    with pytest.raises((ledger.LedgerError, ValueError, ArithmeticError)):
        ledger.deposit(account=account, amount=Decimal(amount), key="k", now=now)
    assert Transfer.objects.filter(key="k").count() == 0


def test_a_fraction_of_a_micro_moves_nothing(account, now):
    with pytest.raises(ValueError, match="finer than one micro"):
        ledger.deposit(account=account, amount=Decimal("0.0000001"), key="k", now=now)


@pytest.mark.parametrize("act", ["update", "delete"])
def test_a_transfer_can_be_neither_changed_nor_deleted(account, act):
    rows = Transfer.objects.filter(pk=Transfer.objects.get().pk)
    acts = {"update": lambda: rows.update(amount=Decimal(1)), "delete": rows.delete}
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        acts[act]()
    assert Transfer.objects.get().amount == Decimal(50)


class TestTriggers:
    """What somebody with a database prompt can't do to the transfers."""

    @pytest.fixture(autouse=True)
    def _unmoved(self, account):
        before = list(Transfer.objects.values_list())
        assert before
        yield
        assert list(Transfer.objects.values_list()) == before

    def run(self, statement, values=None):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)

    def copy(self, verb, **other):
        """Insert the transfer that is there once more, with `other` values in it."""
        if other.get("id") == "its own":
            other["id"] = Transfer.objects.get().pk
        columns = [field.column for field in Transfer._meta.concrete_fields if field.column != "id" or "id" in other]
        values = [f"%({column})s" if column in other else column for column in columns]
        self.run(
            f"{verb} INTO wallet_transfer ({', '.join(columns)}) SELECT {', '.join(values)} FROM wallet_transfer",
            other,
        )

    @pytest.mark.parametrize(
        "statement", ["UPDATE wallet_transfer SET amount = 1", "DELETE FROM wallet_transfer WHERE id > 0"]
    )
    def test_raw_sql_neither_changes_nor_deletes(self, statement):
        with pytest.raises(IntegrityError, match="append-only"):
            self.run(statement)

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has REPLACE")
    @pytest.mark.parametrize("verb", ["REPLACE", "INSERT OR REPLACE"])
    @pytest.mark.parametrize("other", [{}, {"id": 10**6}, {"id": "its own", "key": "another"}])
    def test_a_replacement_is_refused(self, verb, other):
        with pytest.raises(IntegrityError, match="append-only"):
            self.copy(verb, **other)

    @pytest.mark.parametrize("other", [{}, {"id": 10**6}])
    def test_a_duplicate_is_an_integrity_error_as_ever(self, other):
        with pytest.raises(IntegrityError):
            self.copy("INSERT", **other)

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no TRUNCATE")
    def test_truncate_is_refused(self):
        connection.check_constraints()  # nothing of this transaction's own keeps PostgreSQL from it
        with pytest.raises(IntegrityError, match="append-only"):
            self.run("TRUNCATE wallet_transfer CASCADE")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite has REPLACE")
def test_a_capture_is_not_replaced_by_another_of_its_hold(account, now):
    hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    made = ledger.capture(hold=hold, amount=Decimal(30), key="one", now=now)
    columns = [field.column for field in Transfer._meta.concrete_fields if field.column not in ("id", "key")]
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f"INSERT OR REPLACE INTO wallet_transfer (key, {', '.join(columns)}) "
            f"SELECT 'two', {', '.join(columns)} FROM wallet_transfer WHERE id = %s",
            [made.pk],
        )
    assert Transfer.objects.get(kind="CAPTURE").key == "one"


@pytest.mark.parametrize("figures", [{"balance": -1}, {"balance": 10, "held": 11}, {"held": -1}])
def test_the_table_refuses_a_balance_that_can_not_be(account, figures):
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.filter(pk=account.pk).update(**figures)


class TestAudit:
    def test_honest_books_have_no_problem(self, account, now):
        hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
        ledger.capture(hold=hold, amount=Decimal(10), key="one", now=now)
        ledger.refund(hold=hold, amount=Decimal(3), key="r1", now=now)
        ledger.hold(account=account, amount=Decimal(3), key="b", now=now)
        found = audit.findings()
        assert found.problems == []
        assert (found.transfers, found.open_holds) == (3, 1)

    def test_a_balance_without_a_transfer_is_found(self, account):
        Account.objects.filter(pk=account.pk).update(balance=Decimal("50.000001"))
        assert any("50.000001" in problem for problem in audit.findings().problems)

    def test_a_held_amount_without_a_hold_is_found(self, account):
        Account.objects.filter(pk=account.pk).update(held=Decimal(1))
        assert len(audit.findings().problems) == 1

    def test_a_hold_that_says_more_than_its_transfers_is_found(self, account, now):
        hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
        ledger.capture(hold=hold, amount=Decimal(10), key="one", now=now)
        Hold.objects.filter(pk=hold.pk).update(captured=Decimal(11))
        assert any("hold a" in problem for problem in audit.findings().problems)

    def test_a_hold_that_says_more_was_paid_back_than_its_transfers_is_found(self, account, now):
        hold = ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
        ledger.capture(hold=hold, amount=Decimal(10), key="one", now=now)
        Hold.objects.filter(pk=hold.pk).update(refunded=Decimal(1))
        (problem,) = audit.findings().problems
        assert problem.startswith("hold a: captured 10")
        assert "refunded 1" in problem

    def test_each_problem_is_told_in_figures(self, account):
        Account.objects.filter(pk=account.pk).update(balance=Decimal(51), held=Decimal(2))
        assert audit.findings().problems == [
            f"account {account.pk}: balance 51.000000, but its transfers come to 50.000000",
            f"account {account.pk}: held 2.000000, but its open holds come to 0.000000",
        ]

    def test_fifty_of_a_kind_are_told_and_no_more(self, account, now):
        for number in range(51):
            ledger.hold(account=account, amount=Decimal("0.5"), key=f"h{number}", now=now)
            Hold.objects.filter(key=f"h{number}").update(
                state=Hold.State.CAPTURED, captured=Decimal("0.5"), closed_at=now
            )
        told = [problem for problem in audit.findings().problems if problem.startswith("hold ")]
        assert len(told) == 50

    def test_it_counts_what_it_looked_at(self, account, stranger, now):
        ledger.account_of(stranger)
        found = audit.findings()
        assert (found.accounts, found.transfers, found.open_holds) == (3, 1, 0)

    def test_a_running_balance_that_jumps_is_found(self, account, customer, now):
        transfer = Transfer.objects.get()
        Transfer.objects.create(
            key="forged",
            kind="ADJUSTMENT",
            source=transfer.source,
            target=account,
            customer=account,
            amount=Decimal(5),
            balance_after=Decimal(60),
            created_at=now,
        )
        Account.objects.filter(pk=account.pk).update(balance=Decimal(55))
        assert any("forged" in problem for problem in audit.findings().problems)

    def forge(self, kind, source, target, customer, now, **more):
        """A transfer that the ledger would not write, with figures that fit."""
        amount = Decimal(5)
        customer.refresh_from_db()
        after = customer.balance + (amount if target == customer else -amount)
        Transfer.objects.create(
            key="forged",
            kind=kind,
            source=source,
            target=target,
            customer=customer,
            amount=amount,
            balance_after=after,
            created_at=now,
            **more,
        )
        Account.objects.filter(pk=customer.pk).update(balance=after)

    @pytest.mark.parametrize(
        ("kind", "system", "inwards"),
        [
            ("DEPOSIT", "PAYMENTS", False),
            ("DEPOSIT", "ADJUSTMENTS", True),
            ("DEPOSIT", "SALES", True),
            ("ADJUSTMENT", "PAYMENTS", True),
            ("ADJUSTMENT", "SALES", False),
            ("CAPTURE", "SALES", True),
            ("CAPTURE", "PAYMENTS", False),
            ("REFUND", "SALES", False),
            ("REFUND", "ADJUSTMENTS", True),
        ],
    )
    def test_a_transfer_that_does_not_fit_its_kind_is_found(self, account, now, kind, system, inwards):
        other, _made = Account.objects.get_or_create(kind=system, owner=None)
        more = {}
        if kind in ("CAPTURE", "REFUND"):
            hold = ledger.hold(account=account, amount=Decimal(5), key="a", now=now)
            if kind == "REFUND":
                ledger.capture(hold=hold, amount=Decimal(5), key="one", now=now)
                Hold.objects.filter(pk=hold.pk).update(refunded=5)
            else:
                Hold.objects.filter(pk=hold.pk).update(state="CAPTURED", captured=5, closed_at=now)
                Account.objects.filter(pk=account.pk).update(held=0)
            more = {"hold": hold}
        ends = (other, account) if inwards else (account, other)
        self.forge(kind, *ends, account, now, **more)
        (problem,) = audit.findings().problems
        assert problem == f"transfer forged: a {kind} from {ends[0].kind} to {ends[1].kind}"

    def test_a_transfer_between_customers_is_found(self, account, stranger, now):
        other = ledger.account_of(stranger)
        self.forge("ADJUSTMENT", account, other, account, now)
        assert any("from CUSTOMER to CUSTOMER" in problem for problem in audit.findings().problems)

    def test_a_capture_of_another_customers_hold_is_found(self, account, stranger, now):
        other = ledger.account_of(stranger)
        ledger.deposit(account=other, amount=Decimal(5), key="payment:1", now=now)
        sales, _made = Account.objects.get_or_create(kind="SALES", owner=None)
        hold = ledger.hold(account=account, amount=Decimal(5), key="a", now=now)
        Hold.objects.filter(pk=hold.pk).update(state="CAPTURED", captured=5, closed_at=now)
        Account.objects.filter(pk=account.pk).update(held=0)
        self.forge("CAPTURE", other, sales, other, now, hold=hold)
        (problem,) = audit.findings().problems
        assert problem.startswith("transfer forged: moves money of account")

    def test_a_refund_to_another_customer_is_found(self, account, stranger, now):
        hold = ledger.hold(account=account, amount=Decimal(5), key="a", now=now)
        ledger.capture(hold=hold, amount=Decimal(5), key="one", now=now)
        Hold.objects.filter(pk=hold.pk).update(refunded=5)
        sales = Account.objects.get(kind="SALES")
        other = ledger.account_of(stranger)
        self.forge("REFUND", sales, other, other, now, hold=hold)
        (problem,) = audit.findings().problems
        assert f"its hold a is on account {account.pk}" in problem

    def test_missing_triggers_are_found(self, account):
        guards.uninstall(connection)
        try:
            assert any("triggers" in problem for problem in audit.findings().problems)
        finally:
            guards.install(connection)

    def test_one_missing_trigger_is_found(self, account):
        on = f" ON {guards.TABLE}" if connection.vendor == "postgresql" else ""
        try:
            for name in guards.NAMES[connection.vendor]:
                with connection.cursor() as cursor:
                    cursor.execute(f"DROP TRIGGER {name}{on}")
                assert not guards.present(connection)
                guards.install(connection)
                assert guards.present(connection)
        finally:
            guards.install(connection)


# ── Edges of the acts ──────────────────────────────────────────────────────────────────────────────
ACTS = ["deposit", "adjust", "bonus", "chargeback", "hold", "split", "capture", "refund"]
SENSELESS = [
    *((act, amount) for act in ACTS for amount in ("0", "1000000000.000001", "0.0000001")),
    # An adjustment goes both ways.
    *((act, "-0.000001") for act in ACTS if act != "adjust"),
]


@pytest.fixture
def acts(account, now):
    """Every act that takes an amount, with something that it could take it from."""
    hold = ledger.hold(account=account, amount=Decimal(5), key="open", now=now)
    sold = ledger.hold(account=account, amount=Decimal(5), key="sold", now=now)
    ledger.capture(hold=sold, amount=Decimal(5), key="sold:capture", now=now)
    common = {"key": "k", "now": now}
    return {
        "deposit": lambda amount: ledger.deposit(account=account, amount=amount, **common),
        "adjust": lambda amount: ledger.adjust(account=account, amount=amount, memo="m", **common),
        "bonus": lambda amount: ledger.bonus(account=account, amount=amount, **common),
        "chargeback": lambda amount: ledger.chargeback(account=account, amount=amount, memo="m", **common),
        "hold": lambda amount: ledger.hold(account=account, amount=amount, **common),
        "split": lambda amount: ledger.split(hold=hold, amount=amount, **common),
        "capture": lambda amount: ledger.capture(hold=hold, amount=amount, **common),
        "refund": lambda amount: ledger.refund(hold=sold, amount=amount, **common),
    }


@pytest.mark.parametrize(("act", "amount"), SENSELESS)
def test_no_act_moves_an_amount_that_makes_no_sense(account, acts, act, amount):
    before = figures(account)
    with pytest.raises((ledger.LedgerError, ValueError), match=r"can't be moved|finer than one micro"):
        acts[act](Decimal(amount))
    assert figures(account) == before
    assert not Transfer.objects.filter(key="k").exists()
    assert not Hold.objects.filter(key="k").exists()


def test_the_smallest_and_the_largest_amount_are_moved(account, now):
    smallest, largest = Decimal("0.000001"), Decimal(1_000_000_000)
    ledger.deposit(account=account, amount=largest, key="large", now=now)
    moved = ledger.deposit(account=account, amount=smallest, key="small", now=now)
    assert (moved.source.kind, moved.target, moved.signed) == ("PAYMENTS", account, smallest)
    taken = ledger.adjust(account=account, amount=-smallest, key="taken", memo="m", now=now)
    assert (taken.source, taken.target.kind, taken.signed) == (account, "ADJUSTMENTS", -smallest)
    assert figures(account)[0] == 50 + largest
    for again in (smallest, -smallest):
        key = "small" if again > 0 else "taken"
        act = ledger.deposit if again > 0 else ledger.adjust
        assert act(account=account, amount=again, key=key, memo="m", now=now).key == key
    assert audit.findings().problems == []


def test_all_that_is_available_can_be_set_aside_and_all_of_a_hold_be_captured(account, now):
    hold = ledger.hold(account=account, amount=Decimal(50), key="a", now=now)
    assert figures(account) == (50, 50, 0)
    made = ledger.capture(hold=hold, amount=Decimal(50), key="c", now=now)
    assert (made.signed, made.balance_after, made.hold) == (-50, 0, hold)
    assert figures(account) == (0, 0, 0)
    back = ledger.refund(hold=hold, amount=Decimal(50), key="r", now=now)
    assert (back.signed, back.source.kind, back.hold) == (50, "SALES", hold)
    hold.refresh_from_db()
    assert (hold.captured, hold.refunded, hold.closed_at) == (50, 50, now)
    assert audit.findings().problems == []


def test_who_has_too_little_reads_what_is_there_what_it_takes_and_what_is_missing(account, now):
    ledger.hold(account=account, amount=Decimal(30), key="a", now=now)
    for act in (
        lambda: ledger.hold(account=account, amount=Decimal("20.5"), key="b", now=now),
        lambda: ledger.adjust(account=account, amount=Decimal("-20.5"), key="c", memo="m", now=now),
    ):
        with pytest.raises(ledger.InsufficientFunds) as refused:
            act()
        assert (refused.value.available, refused.value.needed) == (20, Decimal("20.5"))
        words = "Your available balance is $20.00 and this takes $20.50: $0.50 more is needed."
        assert str(refused.value) == words


@pytest.mark.parametrize("kind", ["hold", "split"])
def test_a_key_of_a_hold_stands_for_its_amount_and_its_customer(account, stranger, now, kind):
    theirs = ledger.account_of(stranger)
    ledger.deposit(account=theirs, amount=Decimal(9), key="theirs", now=now)
    whole = {
        each: ledger.hold(account=each, amount=Decimal(6), key=f"w{each.pk}", now=now) for each in (account, theirs)
    }
    act = {
        "hold": lambda by, amount: ledger.hold(account=by, amount=Decimal(amount), key="k", now=now),
        "split": lambda by, amount: ledger.split(hold=whole[by], amount=Decimal(amount), key="k", now=now),
    }[kind]
    made = act(account, 2)
    assert made.account == account
    assert act(account, 2) == made
    for by, amount in ((account, 3), (theirs, 2)):
        with pytest.raises(ledger.KeyReused, match=r"k already holds 2(\.0+)? USD"):
            act(by, amount)
    assert figures(theirs) == (9, 6, 3)
    assert audit.findings().problems == []


def test_a_key_of_a_movement_stands_for_its_kind(account, now):
    ledger.deposit(account=account, amount=Decimal(5), key="k", now=now)
    with pytest.raises(ledger.KeyReused, match="k already moved 5"):
        ledger.bonus(account=account, amount=Decimal(5), key="k", now=now)
    assert figures(account)[0] == 55


def test_a_capture_repeated_after_its_hold_closed_is_the_first_one(account, now):
    hold = ledger.hold(account=account, amount=Decimal(5), key="h", now=now)
    made = ledger.capture(hold=hold, amount=Decimal(3), key="c", now=now)
    assert ledger.capture(hold=hold, amount=Decimal(3), key="c", now=now) == made
    back = ledger.refund(hold=hold, amount=Decimal(1), key="r", now=now)
    assert ledger.refund(hold=hold, amount=Decimal(1), key="r", now=now) == back
    hold.refresh_from_db()
    assert (figures(account)[0], hold.refunded) == (48, 1)


def test_a_split_closes_a_hold_that_nothing_is_left_of(account, now):
    whole = ledger.hold(account=account, amount=Decimal(9), key="w", now=now)
    ledger.split(hold=whole, amount=Decimal(9), key="p", now=now)
    whole.refresh_from_db()
    assert (whole.state, whole.amount, whole.closed_at) == (Hold.State.RELEASED, 9, now)
    assert figures(account) == (50, 9, 41)


def test_a_release_notes_when(account, now):
    hold = ledger.hold(account=account, amount=Decimal(9), key="h", now=now)
    ledger.release(hold=hold, now=now)
    hold.refresh_from_db()
    assert (hold.state, hold.captured, hold.closed_at) == (Hold.State.RELEASED, 0, now)


def test_a_long_memo_is_cut_to_what_its_column_holds(account, now):
    moved = ledger.deposit(account=account, amount=Decimal(1), key="k", memo="m" * 301, now=now)
    assert Transfer.objects.get(pk=moved.pk).memo == "m" * 300


def test_a_locked_account_is_the_one_asked_for(account, now):
    ledger.deposit(account=account, amount=Decimal(1), key="k", now=now)
    with transaction.atomic():
        assert ledger.locked(account).balance == 51


class TestLowBalance:
    """Who wants to hear of a low balance hears of each act that makes it fall, and of no other."""

    @pytest.fixture(autouse=True)
    def _mark(self, customer):
        Switches.objects.create(customer=customer, low_below=Decimal(45))

    @staticmethod
    def told():
        return [notice.about["amount"] for notice in Notice.objects.filter(kind="LOW_BALANCE")]

    def test_a_hold_tells(self, account, now):
        ledger.hold(account=account, amount=Decimal(5), key="a", now=now)
        assert self.told() == []
        ledger.hold(account=account, amount=Decimal("0.5"), key="b", now=now)
        assert self.told() == ["$44.50"]

    def test_an_adjustment_downwards_tells(self, account, now):
        ledger.adjust(account=account, amount=Decimal("-5.5"), key="a", memo="m", now=now)
        assert self.told() == ["$44.50"]

    def test_the_smallest_fall_across_the_mark_tells(self, account, now):
        ledger.adjust(account=account, amount=Decimal(-5), key="a", memo="m", now=now)
        ledger.adjust(account=account, amount=Decimal("-0.000001"), key="b", memo="m", now=now)
        assert self.told() == ["$44.999999"]

    def test_what_rises_or_was_set_aside_before_tells_nothing(self, account, now):
        ledger.hold(account=account, amount=Decimal(6), key="a", now=now)
        Notice.objects.all().delete()
        ledger.capture(hold=Hold.objects.get(key="a"), amount=Decimal(6), key="c", now=now)
        ledger.adjust(account=account, amount=Decimal(2), key="b", memo="m", now=now)
        ledger.adjust(account=account, amount=Decimal("0.5"), key="d", memo="m", now=now)
        ledger.bonus(account=account, amount=Decimal(1), key="e", now=now)
        assert self.told() == []


def test_nothing_is_held_by_an_account_that_is_not_there(account, now):
    gone = Account(pk=account.pk + 1000)
    with pytest.raises(Account.DoesNotExist):
        ledger.hold(account=gone, amount=Decimal(5), key="h", now=now)
