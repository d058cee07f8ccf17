"""A sync that leaves alone what it knows leaves the same rows as one that compares everything."""

import contextlib
import json
import random
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.migrations import Migration
from django.utils import timezone

from catalog import blocked, compare, digests, hide, resume, suspend, touched
from catalog.figures import COMPARED
from catalog.models import (
    Category,
    MarkupRule,
    PriceChange,
    RowDigest,
    Service,
    ShelfChange,
    Subcategory,
    SyncRun,
    TouchedService,
)
from catalog.override import TooLow, override, renamed_category
from catalog.reprice import reprice
from catalog.set_rate_unit import set_rate_unit
from catalog.sync import sync_catalog
from conduct.models import Block
from core import bulk, triggers
from upstream import replies

pytestmark = pytest.mark.django_db

CATEGORIES = {"Likes": ["Photos", "Films"], "Accounts": ["Old", "New"], "Odds": []}


class Vendor:
    """What the vendor answers, byte by byte; takes the place of the client."""

    def __init__(self, services=24):
        self.rows = {number: self.row(number) for number in range(1, services + 1)}
        self.parts = {number: number % 3 for number in self.rows}
        self.names = dict(CATEGORIES)
        self.more = []  # rows after the others
        self.away = set()

    def row(self, number):
        return {
            "service": number,
            "name": f"Ｗide likes {number}",
            "category": list(CATEGORIES)[number % 3],
            "type": "Default",
            "entityType": "product" if number % 5 == 0 else "smm",
            "rate": f"{number % 4 + 1}.25",
            "min": 10,
            "max": 1000,
            "stock": number * 7,
        }

    def body(self, rows):
        return json.dumps({"services": rows}).encode()

    def categories(self):
        return [replies.Category(category=name, subcategories=parts) for name, parts in self.names.items()]

    def listed(self):
        return [row for number, row in self.rows.items() if number not in self.away]

    def service_rows(self):
        return replies.service_rows(self.body(self.listed() + self.more))

    def services(self, *, category, subcategory):
        parts = self.names[category]
        return replies.services(
            self.body(
                [
                    row
                    for row in self.listed()
                    if row["category"] == category
                    and self.parts.get(row["service"], 0) < len(parts)
                    and parts[self.parts.get(row["service"], 0)] == subcategory
                ]
            )
        )


@pytest.fixture
def vendor():
    return Vendor()


def everything():
    fields = [field.attname for field in Service._meta.concrete_fields if field.attname not in ("changed_at", "id")]
    return (
        list(Service.objects.order_by("upstream_id").values_list(*fields)),
        list(Category.objects.order_by("name").values_list("name", "vendor_name")),
        sorted(
            PriceChange.objects.values_list("service__upstream_id", "old_rate", "new_rate", "old_price", "new_price")
        ),
        sorted(ShelfChange.objects.values_list("service__upstream_id", "kind")),
    )


def told(run):
    return run.seen, run.added, run.changed, run.withdrawn, sorted(run.skipped_rows)


def agree(vendor):
    """Synchronise; what is left is what a whole comparison would have left."""
    moment = timezone.now()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: moment)
        with transaction.atomic():
            whole = sync_catalog(vendor=vendor, whole=True, accept_withdrawals=True)
            expected = told(whole), everything()
            transaction.set_rollback(True)
        run = sync_catalog(vendor=vendor, accept_withdrawals=True)
    assert whole.whole
    assert (told(run), everything()) == expected
    return run


# ── What happens between two syncs ─────────────────────────────────────────────────────────────────


def anyone(dice):
    return dice.choice(list(Service.objects.order_by("pk")))


def vendors(dice, vendor):
    row = dice.choice(list(vendor.rows.values()))
    act = dice.randrange(14)
    if act == 0:
        row["rate"] = f"{dice.randrange(1, 9)}.5"
    elif act == 1:
        row["name"] = dice.choice(["Likes", "ﬁne likes", "Hearts", "  "])
    elif act == 2:
        row["category"] = dice.choice([*vendor.names, "Unlisted"])
    elif act == 3:
        row["stock"] = dice.choice([None, 0, 5])
    elif act == 4:
        row["extra"] = dice.random()
    elif act == 5:
        vendor.away ^= {row["service"]}
    elif act == 6:
        number = max(vendor.rows) + 1
        vendor.rows[number] = vendor.row(number)
    elif act == 7:
        row["rate"] = dice.choice(["much", "0", "2.5"])
    elif act == 8:
        vendor.more = [dict(row)]
    elif act == 9:
        vendor.more = [{**row, "rate": "7.75"}]
    elif act == 10:
        vendor.rows = dict(dice.sample(list(vendor.rows.items()), len(vendor.rows)))
    elif act == 11:
        vendor.parts[row["service"]] = dice.randrange(3)
    elif act == 12:
        vendor.names[f"Category {dice.randrange(9)}"] = ["Part"]
    else:
        row.update(entityType="smm", min=dice.randrange(1, 9), refill=dice.random() < 0.5, type="Odd")


def operators(dice, settings):
    now, service = timezone.now(), anyone(dice)
    category = dice.choice(list(Category.objects.order_by("pk")))
    rule = MarkupRule.objects.get(category=None, subcategory=None, service=None, active=True)
    act = dice.randrange(20)
    if act == 0:
        wish = dice.choice([{"own_name": "Ours"}, {"own_name": ""}, {"name_zh": "赞"}, {"own_price": Decimal(20)}])
        with contextlib.suppress(TooLow):
            override(wishes={service.pk: wish}, now=now)
    elif act == 1:
        override(wishes={service.pk: {"own_category_id": dice.choice([None, category.pk])}}, now=now)
    elif act == 2:
        dice.choice([hide.hide, hide.show])(service_ids=[service.pk], now=now)
    elif act == 3:
        suspend.suspend(service_id=service.pk, why="it costs more", now=now)
    elif act == 4:
        resume.resume(service_id=service.pk, now=now)
    elif act == 5:
        set_rate_unit(entity=dice.choice(["SMM", "PRODUCT"]), unit=dice.choice([1, 100, 1000]), now=now)
    elif act in (6, 7):
        rule.percent = Decimal(dice.randrange(5, 90))
        rule.save()
        if act == 6:
            reprice(now=now)
    elif act == 8:
        scope = dice.choice(
            [{"category": category}, {"service": service}, {"subcategory": Subcategory.objects.first()}]
        )
        if None not in scope.values() and not MarkupRule.objects.filter(**scope).exists():
            MarkupRule.objects.create(percent=Decimal(dice.randrange(100, 200)), **scope)
    elif act == 9:
        MarkupRule.objects.exclude(pk=rule.pk).delete()
    elif act == 10:
        category.name, category.name_zh = f"Called {dice.randrange(99)}", dice.choice(["", "类"])
        category.save()
        if dice.random() < 0.5:
            renamed_category(category)
    elif act == 11:
        Category.objects.filter(pk=category.pk).update(learned_at=None)
    elif act == 12:
        Block.objects.get_or_create(kind=Block.Kind.SERVICE, match="hearts")
        blocked.mark()
    elif act == 13:
        settings.UPSTREAM_RATE_UNIT_SMM = dice.choice([1000, 500])
    elif act == 14:
        settings.NEW_SERVICES = dice.choice(["show", "hold"])
    elif act == 15:
        Subcategory.objects.filter(pk=service.vendor_subcategory_id).delete()
    elif act == 16:
        service.delete()
    elif act == 17:
        Category.objects.get_or_create(name=f"Category {dice.randrange(9)}", defaults={"vendor_name": None})
    elif act == 18:
        service.name, service.max = "Saved by somebody", 5000
        service.save()
    else:
        meddle(dice, service)


def meddle(dice, service):
    """Somebody writes into a column past every act of ours."""
    one = Service.objects.filter(pk=service.pk)
    name, value = dice.choice(
        [
            ("price", service.price + 1),
            ("search_text", "nothing to find"),
            ("vendor_name", "Another"),
            ("type", "Another"),
            ("unit", 7),
            ("stock", 3),
            ("state", "WITHDRAWN"),
            ("own_price", Decimal(30)),
            ("subcategory_id", None),
            ("vendor_subcategory_id", None),
            ("upstream_id", 500 + service.pk),
        ]
    )
    if dice.random() < 0.5:
        one.update(**{name: value})
    else:
        setattr(service, name, value)
        bulk.update([service], [Service._meta.get_field(name).name])


@pytest.mark.parametrize("seed", range(16))
def test_whatever_happened_it_leaves_what_a_whole_comparison_leaves(vendor, settings, seed):
    dice = random.Random(seed)
    sync_catalog(vendor=vendor)
    left_alone = 0
    for _sync in range(6):
        for _act in range(dice.randrange(4)):
            if dice.random() < 0.5:
                vendors(dice, vendor)
            else:
                operators(dice, settings)
        run = agree(vendor)
        assert not run.whole
        left_alone += RowDigest.objects.count()
    assert left_alone


# ── What needs no second look ──────────────────────────────────────────────────────────────────────


def compared(vendor, **how):
    """How many of our rows a sync reads to compare them."""
    found = []

    def look(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.startswith("SELECT") and '"search_text"' in sql and '"description"' not in sql:
            found.append(params)
        return result

    with connection.execute_wrapper(look):
        run = sync_catalog(vendor=vendor, **how)
    assert run.ok
    return sum(len(params) for params in found)


def test_an_answer_that_is_known_is_not_compared(vendor):
    sync_catalog(vendor=vendor)
    assert RowDigest.objects.count() == len(vendor.rows)
    assert compared(vendor) == 0
    vendor.rows[3]["rate"] = "9"
    assert compared(vendor) == 1
    assert compared(vendor) == 1  # what a sync wrote itself is looked at once more
    assert compared(vendor) == 0
    assert compared(vendor, whole=True) == len(vendor.rows)


def test_once_a_day_everything_is_compared(vendor, now):
    assert sync_catalog(vendor=vendor).whole
    assert not sync_catalog(vendor=vendor).whole
    SyncRun.objects.filter(whole=True).update(finished_at=now - timezone.timedelta(hours=25))
    assert compared(vendor) == len(vendor.rows)
    assert not sync_catalog(vendor=vendor).whole


def test_another_code_compares_everything(vendor, monkeypatch):
    sync_catalog(vendor=vendor)
    monkeypatch.setattr(digests, "_CODE", b"another release's")
    assert compared(vendor) == len(vendor.rows)
    assert compared(vendor) == 0


@pytest.mark.parametrize("name", COMPARED)
def test_each_column_that_is_compared_is_watched(vendor, name):
    sync_catalog(vendor=vendor)
    service = Service.objects.order_by("pk").last()
    old, field = getattr(service, name), Service._meta.get_field(name)
    if field.is_relation:
        value = field.related_model.objects.exclude(pk=old or 0).first().pk
    elif isinstance(old, bool):
        value = not old
    else:
        value = f"{old}x" if isinstance(old, str) else (old or 0) + (-1 if name in ("rate", "min") else 1)
    assert not TouchedService.objects.exists()
    Service.objects.filter(pk=service.pk).update(**{name: value})
    assert TouchedService.objects.filter(upstream_id=service.upstream_id).exists()


def test_the_name_of_either_category_counts(vendor, now):
    sync_catalog(vendor=vendor)
    ours = Category.objects.create(name="Ours")
    override(wishes={Service.objects.get(upstream_id=4).pk: {"own_category_id": ours.pk}}, now=now)
    agree(vendor)
    assert compared(vendor) == 0
    Category.objects.filter(pk=ours.pk).update(name="Called otherwise")
    assert agree(vendor).changed == 1
    Category.objects.filter(vendor_name="Odds").update(name_zh="类")
    assert agree(vendor).changed == len([row for row in vendor.rows.values() if row["category"] == "Odds"])


def test_a_category_that_is_new_has_nothing_else_compared(vendor):
    sync_catalog(vendor=vendor)
    vendor.names["Yet another"] = []
    vendor.rows[5]["category"] = "Yet another"
    assert compared(vendor) == 1


def test_what_is_not_compared_is_not_watched(vendor, now):
    sync_catalog(vendor=vendor)
    Service.objects.update(hidden=True, held=True, position=3, state="SUSPENDED", changed_at=now, description="x")
    assert not TouchedService.objects.exists()


def test_a_service_that_is_gone_leaves_nothing_to_be_trusted(vendor):
    sync_catalog(vendor=vendor)
    service = Service.objects.get(upstream_id=4)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM catalog_service WHERE id = %s", [service.pk])
    Service.objects.create(**{f.attname: getattr(service, f.attname) for f in service._meta.fields} | {"name": "Wrong"})
    assert agree(vendor).changed == 1
    assert Service.objects.get(upstream_id=4).name == service.name


def test_a_row_that_is_put_in_the_place_of_another_is_not_trusted(vendor):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no REPLACE")
    sync_catalog(vendor=vendor)
    with connection.cursor() as cursor:
        names = [field.column for field in Service._meta.fields if field.column != "name"]
        listed = ", ".join(f'"{name}"' for name in names)
        cursor.execute(
            f"INSERT OR REPLACE INTO catalog_service (name, {listed}) "
            f"SELECT 'Wrong', {listed} FROM catalog_service WHERE upstream_id = 4"
        )
    assert agree(vendor).changed == 1


@pytest.fixture
def trigger(db):
    """The name of the trigger that sees changes."""
    [name] = [
        name for name in triggers.names(connection, "catalog_service") if name.startswith("catalog_touched_update")
    ]
    return name


def drop(name):
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}" + (" ON catalog_service" if connection.vendor == "postgresql" else ""))


def test_without_the_triggers_nothing_is_trusted(vendor, trigger):
    sync_catalog(vendor=vendor)
    drop(trigger)
    assert not touched.is_watched()
    Service.objects.filter(upstream_id=4).update(name="Wrong")
    assert sync_catalog(vendor=vendor).changed == 1
    assert not RowDigest.objects.exists()
    assert compared(vendor) == len(vendor.rows)


def test_triggers_that_come_back_trust_nothing_of_before(vendor, trigger):
    sync_catalog(vendor=vendor)
    drop(trigger)
    Service.objects.filter(upstream_id=4).update(name="Wrong")
    touched.after_migrate(using="default")
    assert touched.is_watched()
    assert agree(vendor).changed == 1
    touched.after_migrate(using="default")
    assert RowDigest.objects.exists()


def test_a_migration_may_change_what_is_watched():
    plan = [(Migration("0099_wider", "catalog"), False)]
    touched.before_migrate(using="default", plan=[(Migration("0001_initial", "desk"), False)])
    assert touched.is_watched()
    touched.before_migrate(using="default", plan=plan)
    assert not touched.is_watched()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # which refuses this for a column that a trigger names
            cursor.execute("ALTER TABLE catalog_service ALTER COLUMN vendor_name TYPE varchar(999)")
        else:
            cursor.execute("ALTER TABLE catalog_service DROP COLUMN refill")
            cursor.execute("ALTER TABLE catalog_service ADD COLUMN refill bool NOT NULL DEFAULT 0")
    touched.after_migrate(using="default")
    assert touched.is_watched()


def test_what_was_changed_behind_the_triggers_back_is_put_right_and_told(vendor, caplog):
    sync_catalog(vendor=vendor)
    Service.objects.filter(upstream_id=4).update(name="Wrong")
    TouchedService.objects.all().delete()
    assert sync_catalog(vendor=vendor).changed == 0
    assert sync_catalog(vendor=vendor, whole=True).changed == 1
    assert "behind the back" in caplog.text


def test_a_subcategory_that_was_learned_is_no_fault(vendor, caplog):
    sync_catalog(vendor=vendor)
    vendor.parts[3] += 1
    Category.objects.update(learned_at=None)
    assert sync_catalog(vendor=vendor, whole=True).changed == 1
    assert "behind the back" not in caplog.text


def test_many_rows_are_compared_in_one_pass(vendor, monkeypatch):
    monkeypatch.setattr(compare, "_MANY", 5)
    sync_catalog(vendor=vendor)
    Service.objects.filter(upstream_id__lt=9).update(name="Wrong")
    assert agree(vendor).changed == 8


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_committed_during_a_sync_is_seen_by_the_next(vendor):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    import psycopg

    sync_catalog(vendor=vendor)
    other = psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None})
    try:
        other.execute("UPDATE catalog_service SET name = 'Wrong' WHERE upstream_id = 4")
        assert sync_catalog(vendor=vendor, whole=True).changed == 0
        assert RowDigest.objects.filter(upstream_id=4).exists()
        other.commit()
    finally:
        other.close()
    assert agree(vendor).changed == 1
    assert Service.objects.get(upstream_id=4).name != "Wrong"


@pytest.mark.django_db(transaction=True)
def test_a_table_that_was_emptied_leaves_no_digest(vendor):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    sync_catalog(vendor=vendor)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE catalog_service CASCADE")
    assert not RowDigest.objects.exists()
