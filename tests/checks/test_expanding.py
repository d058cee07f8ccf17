"""The check that a release only expands the schema: what it lets through, what it names, and what may be named away."""

import shutil
import tomllib
from pathlib import Path

import pytest
from django.db import migrations as m
from django.db import models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState
from django.db.models.functions import Now

from checks import migrations
from checks.expanding import breaches
from core.money import MoneyField

NULL = {"null": True, "blank": True}


@pytest.fixture
def released():
    """The models of the release before: orders, each of a buyer, with a note and a price."""
    state = ProjectState()
    state.add_model(ModelState("shop", "Buyer", [("id", models.BigAutoField(primary_key=True))]))
    state.add_model(
        ModelState(
            "shop",
            "Order",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("buyer", models.ForeignKey("shop.Buyer", models.PROTECT)),
                ("note", models.CharField(max_length=20)),
                ("count", models.IntegerField(null=True)),
                ("place", models.SmallIntegerField(db_default=0)),
                ("rate", models.DecimalField(max_digits=8, decimal_places=2)),
                ("buyers", models.ManyToManyField("shop.Buyer", related_name="+")),
            ],
            {
                "constraints": [
                    models.CheckConstraint(condition=models.Q(count__gte=0), name="count_is_natural"),
                    models.UniqueConstraint(fields=["buyer", "note"], name="note_once"),
                ]
            },
        )
    )
    return state


@pytest.fixture
def found(released):
    """`found(operation, …)`: the names of what breaks the release before, in one migration with these operations."""

    def look(*operations):
        migration = m.Migration("0002_next", "shop")
        migration.operations = list(operations)
        return [what.removeprefix("shop.0002_next: ") for what, _ in breaches(released, [migration], ["shop"])]

    return look


def add(name, field, model="order"):
    return m.AddField(model, name, field)


def alter(name, field):
    return m.AlterField("order", name, field)


def check(name, **condition):
    return m.AddConstraint("order", models.CheckConstraint(condition=models.Q(**condition), name=name))


def unique(name, *fields, **options):
    return m.AddConstraint("order", models.UniqueConstraint(fields=fields, name=name, **options))


NEW_TABLE = m.CreateModel("Box", [("id", models.BigAutoField(primary_key=True))])

HARMLESS = {
    "a default in the database": [add("size", models.IntegerField(default=0, db_default=0))],
    "a moment of the database's": [add("at", models.DateTimeField(db_default=Now()))],
    "nullable": [add("size", models.IntegerField(null=True))],
    "a nullable key": [add("box", models.OneToOneField("shop.Buyer", models.PROTECT, related_name="+", **NULL))],
    "many to many": [add("others", models.ManyToManyField("shop.Buyer", related_name="+"))],
    "a table, and all that is done to it": [
        NEW_TABLE,
        add("size", models.IntegerField(), model="box"),
        m.RenameField("box", "size", "width"),
        m.AddConstraint("box", models.CheckConstraint(condition=models.Q(width__gt=0), name="box_is_wide")),
        m.RemoveField("box", "width"),
        m.RenameModel("Box", "Case"),
        add("size", models.IntegerField(), model="case"),
        m.DeleteModel("Case"),
    ],
    "a column that comes and goes": [
        add("size", models.IntegerField(null=True)),
        m.RenameField("order", "size", "width"),
        alter("width", models.CharField(max_length=5, null=True)),
        m.RemoveField("order", "width"),
    ],
    "wider": [
        alter("note", models.CharField(max_length=40)),
        alter("note", models.TextField()),
        alter("count", models.BigIntegerField(null=True)),
        alter("rate", models.DecimalField(max_digits=12, decimal_places=4, null=True)),
    ],
    "other words": [alter("note", models.CharField(max_length=20, choices=[("A", "a")], help_text="New."))],
    "an index": [m.AddIndex("order", models.Index(fields=["note"], name="by_note")), m.RemoveIndex("order", "by_note")],
    "a check taken away": [m.RemoveConstraint("order", "count_is_natural")],
    "a check of new columns": [add("size", models.IntegerField(db_default=0)), check("size_ok", size__gte=0)],
    "one a NULL": [add("key", models.CharField(max_length=9, null=True)), unique("key_once", "buyer", "key")],
    "rows": [m.RunPython(m.RunPython.noop)],
    "the state alone": [
        m.SeparateDatabaseAndState(state_operations=[m.RenameField("order", "note", "words")]),
        m.SeparateDatabaseAndState(state_operations=[m.RemoveField("order", "place")]),
    ],
}
HARMFUL = {
    "no default": ([add("size", models.IntegerField())], ["AddField order.size"]),
    "a default of Python's": ([add("size", models.IntegerField(default=0))], ["AddField order.size"]),
    "money": ([add("paid", MoneyField(default=0))], ["AddField order.paid"]),
    "unique": ([add("key", models.IntegerField(db_default=0, unique=True))], ["AddField order.key"]),
    "not null later on": (
        [add("size", models.IntegerField(null=True)), alter("size", models.IntegerField())],
        ["AlterField order.size"],
    ),
    "not null": ([alter("count", models.IntegerField())], ["AlterField order.count"]),
    "shorter": ([alter("note", models.CharField(max_length=19))], ["AlterField order.note"]),
    "smaller": ([alter("count", models.SmallIntegerField(null=True))], ["AlterField order.count"]),
    "natural": ([alter("count", models.PositiveIntegerField(null=True))], ["AlterField order.count"]),
    "coarser": ([alter("rate", models.DecimalField(max_digits=9, decimal_places=1))], ["AlterField order.rate"]),
    "fewer digits": ([alter("rate", models.DecimalField(max_digits=9, decimal_places=4))], ["AlterField order.rate"]),
    "another type": ([alter("note", models.IntegerField())], ["AlterField order.note"]),
    "unique now": ([alter("note", models.CharField(max_length=20, unique=True))], ["AlterField order.note"]),
    "default gone": ([alter("place", models.SmallIntegerField())], ["AlterField order.place"]),
    "another column": ([alter("note", models.CharField(max_length=20, db_column="n"))], ["AlterField order.note"]),
    "another table": ([alter("buyer", models.ForeignKey("shop.Order", models.PROTECT))], ["AlterField order.buyer"]),
    "other many": (
        [alter("buyers", models.ManyToManyField("shop.Buyer", related_name="+", db_table="b"))],
        ["AlterField order.buyers"],
    ),
    "removed": ([m.RemoveField("order", "note")], ["RemoveField order.note"]),
    "renamed": ([m.RenameField("order", "note", "words")], ["RenameField order.note"]),
    "table renamed": ([m.RenameModel("Buyer", "Person")], ["RenameModel buyer"]),
    "table moved": ([m.AlterModelTable("order", "shop_orders")], ["AlterModelTable order"]),
    "table dropped": ([m.DeleteModel("Order")], ["DeleteModel order"]),
    "checked": ([check("little", count__lt=9)], ["AddConstraint order.little"]),
    "checked with a new column": (
        [add("size", models.IntegerField(db_default=0)), check("fits", size__gte=models.F("count"))],
        ["AddConstraint order.fits"],
    ),
    "unique with a default": (
        [add("key", models.CharField(max_length=9, db_default="")), unique("key_once", "buyer", "key")],
        ["AddConstraint order.key_once"],
    ),
    "NULL but once": (
        [
            add("key", models.CharField(max_length=9, null=True)),
            unique("key_once", "buyer", "key", nulls_distinct=False),
        ],
        ["AddConstraint order.key_once"],
    ),
    "no longer unique": ([m.RemoveConstraint("order", "note_once")], ["RemoveConstraint order.note_once"]),
    "SQL": ([m.RunSQL("DROP TABLE shop_order")], ["RunSQL"]),
    "behind the state's back": (
        [m.SeparateDatabaseAndState(database_operations=[m.RemoveField("order", "note")])],
        ["RemoveField order.note"],
    ),
    "forgotten, but not null": (
        [m.SeparateDatabaseAndState(state_operations=[m.RemoveField("order", "note")])],
        ["RemoveField order.note"],
    ),
    "a table taken over": (
        [m.SeparateDatabaseAndState(state_operations=[NEW_TABLE]), add("size", models.IntegerField(), model="box")],
        ["AddField box.size"],
    ),
}


@pytest.mark.parametrize("operations", HARMLESS.values(), ids=HARMLESS)
def test_what_the_old_code_never_notices_passes(found, operations):
    assert found(*operations) == []


@pytest.mark.parametrize(("operations", "names"), HARMFUL.values(), ids=HARMFUL)
def test_what_breaks_the_old_code_is_named(found, operations, names):
    assert found(*operations) == names


def test_migrations_of_packages_are_nobodys_business_here(released):
    migration = m.Migration("0002_next", "shop")
    migration.operations = [m.RemoveField("order", "note"), m.DeleteModel("Buyer")]

    assert list(breaches(released, [migration], ["wallet"])) == []


# ── The shop's own migrations, with one more ───────────────────────────────────────────────────────
DROPS = "notices.9999_later: RemoveField notice.link"
REST = tomllib.loads(migrations.RELEASED.read_text())


@pytest.fixture
def problems(tmp_path, settings, monkeypatch):
    """`problems(operation)`: what is said when the next migration of `notices` does that, with these releases."""
    package = tmp_path / f"migrations_of_{tmp_path.name}"
    shutil.copytree(Path(migrations.ROOT) / "notices" / "migrations", package)
    settings.MIGRATION_MODULES = {"notices": package.name}
    monkeypatch.syspath_prepend(str(tmp_path))

    def look(operation, releases=("0.1.0",), **changed):
        (package / "9999_later.py").write_text(
            "from django.db import migrations, models\n\n\n"
            "class Migration(migrations.Migration):\n"
            f"    dependencies = [('notices', {REST['migrations']['notices']!r})]\n"
            f"    operations = [migrations.{operation}]\n"
        )
        loader = MigrationLoader(None, ignore_no_migrations=True)
        return migrations.problems(REST | {"release": "0.1.0", "nothing_uses": {}} | changed, loader, list(releases))

    return look


def test_the_next_migration_of_an_app_is_judged(problems):
    (said,) = problems("AddField('notice', 'weight', models.IntegerField(default=0))")

    assert said.startswith("notices.9999_later: AddField notice.weight: the old code inserts without it")


def test_what_is_taken_away_is_named_with_the_release_that_no_longer_used_it(problems):
    operation = "RemoveField('notice', 'link')"

    assert problems(operation, nothing_uses={DROPS: "0.1.0"}) == []
    assert problems(operation) == [
        f"{DROPS}: the old code asks for it. Expand only, or name it in checks/released.toml"
    ]
    assert problems(operation, nothing_uses={DROPS: "0.2.0"}) == [f"{DROPS}: 0.2.0 is no release that is out"]


def test_a_name_without_its_migration_is_found(problems):
    operation = "AddField('notice', 'weight', models.IntegerField(default=0, db_default=0))"

    assert problems(operation) == []
    (said,) = problems(operation, nothing_uses={DROPS: "0.1.0"})
    assert said.endswith("no migration does it")


def test_a_release_is_not_forgotten(problems):
    (said,) = problems("RunPython(migrations.RunPython.noop)", releases=["0.2.0", "0.1.0"])

    assert "begins with 0.2.0" in said


def test_a_released_migration_stays(problems):
    gone = REST["migrations"] | {"notices": "0001_never_was"}

    assert problems("RunPython(migrations.RunPython.noop)", migrations=gone) == [
        "notices.0001_never_was was released, and is gone"
    ]


def test_a_release_notes_what_is_there(tmp_path, monkeypatch):
    noted, changes = tmp_path / "released.toml", tmp_path / "CHANGELOG.md"
    noted.write_text(
        '# Head.\n# Only of 0.1.0.\nrelease = "0.1.0"\n\n[migrations]\n\n# How to.\n[nothing_uses]\n'
        '"a.b: c" = "0.1.0"\n'
    )
    changes.write_text("# Changes\n\n## Not released yet\n\n## 0.2.0\n\n## 0.1.0\n")
    monkeypatch.setattr(migrations, "RELEASED", noted)
    monkeypatch.setattr(migrations, "CHANGES", changes)

    assert migrations.main(["--released", "0.1.0"]) == 2
    assert migrations.main(["--released", "0.2.0"]) == 0

    text = noted.read_text()
    assert text.startswith('# Head.\nrelease = "0.2.0"\n')
    assert text.endswith("# How to.\n[nothing_uses]\n")
    kept = tomllib.loads(text)
    assert kept["migrations"].keys() == set(REST["migrations"])
    assert kept["migrations"]["wallet"] >= REST["migrations"]["wallet"]
    assert migrations.main([]) == 0
