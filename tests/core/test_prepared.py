"""What a prepared query gives is what the query set would give, each time with other values."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core.prepared import ID, MOMENT, TEXT, USD, Given, Prepared, PreparedUpdate, given, insert
from wallet import ledger
from wallet.models import Account, Hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(now):
    """Three customers with an account; the first two have a hold of 1 and 2 USD."""
    made = []
    for number in range(3):
        person = User.objects.create_user(f"prepared{number}@example.com")
        account = ledger.account_of(person)
        ledger.deposit(account=account, amount=Decimal(10), key=f"prepared{number}", now=now)
        if number < 2:
            ledger.hold(account=account, amount=Decimal(number + 1), key=f"prepared:{number}:hold", now=now)
        made.append(person)
    return made


class TestReading:
    def test_each_time_with_other_values(self, people):
        of = Prepared(lambda: Account.objects.filter(owner_id=given("owner", ID)))
        for person in people:
            assert of.first(owner=person.pk) == Account.objects.get(owner=person)
        assert of.first(owner=0) is None
        assert of.all(owner=0) == []

    def test_rows_in_their_order_with_their_relations(self, people, django_assert_num_queries):
        holds = Prepared(lambda: Hold.objects.select_related("account__owner").order_by("-amount"))
        with django_assert_num_queries(1):
            found = [(hold.account.owner.email, hold.amount) for hold in holds.all()]
        assert found == [("prepared1@example.com", Decimal(2)), ("prepared0@example.com", Decimal(1))]

    def test_an_empty_relation_is_none(self, people):
        shops = Prepared(lambda: Account.objects.select_related("owner").filter(owner=None))
        assert {account.owner for account in shops.all()} == {None}

    def test_money_and_moments_are_written_and_read_as_the_fields_do(self, people, now):
        holds = Prepared(
            lambda: Hold.objects.filter(amount__gte=given("least", USD), created_at__lte=given("until", MOMENT))
        )
        [found] = holds.all(least=Decimal("1.5"), until=now)
        assert found.amount == Decimal(2)
        assert found.created_at == now
        assert holds.all(least=Decimal("1.5"), until=now - timedelta(seconds=1)) == []

    def test_tuples_of_values(self, people):
        sums = Prepared(lambda: Hold.objects.order_by("pk").values_list("amount", "key"))
        assert [tuple(row) for row in sums.all()] == list(Hold.objects.order_by("pk").values_list("amount", "key"))

    def test_deferred_fields_are_fetched_when_asked_for(self, people):
        keys = Prepared(lambda: Hold.objects.only("key").order_by("pk"))
        first = keys.first()
        assert first.get_deferred_fields() == {f.attname for f in Hold._meta.concrete_fields} - {"id", "key"}
        assert first.amount == Decimal(1)

    def test_what_is_annotated_stands_on_the_model(self, people):
        held = Exists(Hold.objects.filter(account=OuterRef("pk"), key=given("key", TEXT)))
        accounts = Prepared(lambda: Account.objects.exclude(owner=None).annotate(is_held=held).order_by("pk"))
        assert [one.is_held for one in accounts.all(key="prepared:1:hold")] == [False, True, False]
        assert [one.is_held for one in accounts.all(key="prepared:0:hold")] == [True, False, False]

    def test_a_quote_in_a_value_stays_a_value(self, people):
        by_key = Prepared(lambda: Hold.objects.filter(key=given("key", TEXT)))
        assert by_key.all(key="' OR 1=1 --") == []

    def test_it_is_composed_once(self, people):
        times = []

        def build():
            times.append(1)
            return Account.objects.filter(owner_id=given("owner", ID))

        of = Prepared(build)
        for person in people:
            of.first(owner=person.pk)
        assert len(times) == 1


@pytest.mark.django_db(transaction=True)
def test_a_row_is_locked_in_a_transaction_only(customer):
    account = ledger.account_of(customer)
    locked = Prepared(lambda: Account.objects.select_for_update().filter(pk=given("account", ID)))
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        assert locked.first(account=account.pk) == account
    if connection.features.has_select_for_update:
        assert "FOR UPDATE" in asked.captured_queries[-1]["sql"]
    with pytest.raises(transaction.TransactionManagementError):
        locked.first(account=account.pk)


class TestWriting:
    def test_a_new_row_is_as_saved(self, people, now):
        account = ledger.account_of(people[2])
        made = insert(Hold(key="new", account=account, amount=Decimal("0.000001"), created_at=now))
        kept = Hold.objects.get(pk=made.pk)
        assert {f.attname: getattr(kept, f.attname) for f in Hold._meta.concrete_fields} == {
            f.attname: getattr(made, f.attname) for f in Hold._meta.concrete_fields
        }
        assert not made._state.adding
        made.amount = Decimal(3)
        made.save()
        assert Hold.objects.get(pk=made.pk).amount == Decimal(3)

    def test_a_constraint_refuses_and_the_transaction_is_lost_as_with_save(self, people, now):
        account = ledger.account_of(people[0])
        with pytest.raises(IntegrityError), transaction.atomic():
            insert(Hold(key="prepared:0:hold", account=account, amount=Decimal(1), created_at=now))
        assert Hold.objects.count() == 2

    def test_an_update_says_how_many(self, people):
        held = PreparedUpdate(lambda: Account.objects.filter(pk=given("account", ID)), held=given("held", USD))
        account = ledger.account_of(people[0])
        assert held.run(account=account.pk, held=Decimal("0.5")) == 1
        assert held.run(account=0, held=Decimal(0)) == 0
        assert Account.objects.filter(pk=account.pk).values_list("held", flat=True)[0] == Decimal("0.5")
        Account.objects.filter(pk=account.pk).update(held=Decimal(1))


def test_a_place_is_written_as_its_field_writes():
    assert Given("amount", USD).output_field.get_db_prep_value(Decimal("1.5"), connection) == 1_500_000
