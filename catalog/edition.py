"""Which catalogue it is: a mark that is another one as soon as anything that the shelf shows was committed.

Triggers set it, whoever writes: a sync, a rule, an operator, SQL by hand. What was read of the catalogue may be kept as
long as the mark is the same. It has to be read before what is kept under it.

On PostgreSQL each statement adds a row, so that nobody waits for whoever has written and not committed yet: the mark is
how many rows there are, the newest and their sum, and a row that is committed late changes it late. SQLite knows
triggers for each row alone and has one writer at a time, so there a number is counted up.
"""

from typing import Any, NamedTuple

from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from catalog.models import Category, Edition, Service, Speed, Subcategory

_SHOWN = [Service, Category, Subcategory, Speed]
_EVENTS = ["insert", "update", "delete"]
_TABLE = Edition._meta.db_table
# Names of ours alone are put together here.
_MARK = f"""SELECT count(*), coalesce(max(id), 0), coalesce(sum(id), 0), coalesce(sum(number), 0)
FROM {_TABLE}"""  # noqa: S608  # nosec B608
# Rows that stay when the others are swept away.
_NEWEST = 20


class Mark(NamedTuple):
    """Equal marks, equal catalogues."""

    rows: int
    newest: int
    sum_of_ids: int
    sum_of_numbers: int


def mark() -> Mark:
    """The mark of now. One query of a small table."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK)
        return Mark(*map(int, cursor.fetchone()))


def sweep() -> None:
    """Drop all rows but the newest; the mark is one that has never been, and nothing worse."""
    newest = list(Edition.objects.order_by("-pk").values_list("pk", flat=True)[:_NEWEST])
    if len(newest) == _NEWEST:
        with transaction.atomic():
            # A row that was committed late may be the only one to go: without a new one the mark from before it
            # would be back, and what was read then would be shown again.
            Edition.objects.create()
            Edition.objects.filter(pk__lt=newest[-1]).delete()


def after_migrate(*, using: str, **kwargs: Any) -> None:
    """Put the triggers in place once the tables are as the newest migration wants them; hears `post_migrate`."""
    database = connections[using]
    tables = set(database.introspection.table_names())
    if {_TABLE, *(model._meta.db_table for model in _SHOWN)} <= tables:
        with database.cursor() as cursor:
            for statement in _statements(database):
                cursor.execute(statement)


_ON_SQLITE = """CREATE TRIGGER IF NOT EXISTS {table}_{event}_edition AFTER {event} ON {table} BEGIN
INSERT INTO {edition} (id, number) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET number = number + 1;
END"""
_FUNCTION = """CREATE OR REPLACE FUNCTION catalog_new_edition() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO {edition} (number) VALUES (0); RETURN NULL; END $$"""
_ON_POSTGRESQL = """CREATE OR REPLACE TRIGGER {table}_{event}_edition AFTER {event} ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION catalog_new_edition()"""


def _statements(database: BaseDatabaseWrapper) -> list[str]:
    each = _ON_SQLITE if database.vendor == "sqlite" else _ON_POSTGRESQL
    triggers = [
        each.format(table=model._meta.db_table, event=event, edition=_TABLE) for model in _SHOWN for event in _EVENTS
    ]
    return triggers if database.vendor == "sqlite" else [_FUNCTION.format(edition=_TABLE), *triggers]
