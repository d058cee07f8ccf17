"""Tables emptied after a test that committed: those with rows only, and back to what the migrations put there.

Django's own way empties every table and makes all permissions anew, which takes seconds a test.
"""

from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

from core import record
from wallet import guards

# The same after every `migrate`; no test changes them.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}
# Of each database its tables as the migrations left them: name → (columns, rows).
Contents = dict[str, tuple[list[str], list[tuple[Any, ...]]]]
_made: dict[str, Contents] = {}


def remember(connection: BaseDatabaseWrapper) -> None:
    """Note what the migrations put into the tables of `connection`."""
    made: Contents = {}
    with connection.cursor() as cursor:
        for table in _with_rows(connection):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            made[table] = ([column[0] for column in cursor.description], list(cursor.fetchall()))
    _made[connection.alias] = made


def install() -> None:
    """Let Django's transactional tests end this way."""
    TransactionTestCase._fixture_teardown = _end  # type: ignore[attr-defined]


def _end(self: TransactionTestCase) -> None:
    for alias in self._databases_names(include_mirrors=False):  # type: ignore[attr-defined]
        # The append-only triggers would refuse.
        for triggers in (guards, record.TRIGGERS):
            triggers.uninstall(connections[alias])
        _empty(connections[alias])
        for triggers in (guards, record.TRIGGERS):
            triggers.install(connections[alias])


def _empty(connection: BaseDatabaseWrapper) -> None:
    quote = connection.ops.quote_name
    tables = _with_rows(connection)
    with connection.constraint_checks_disabled(), transaction.atomic(connection.alias), connection.cursor() as cursor:
        if tables and connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(map(quote, tables))} CASCADE")
        else:
            for table in tables:
                cursor.execute(f"DELETE FROM {quote(table)}")
        for table, (columns, rows) in _made.get(connection.alias, {}).items():
            places = ", ".join(["%s"] * len(columns))
            names = ", ".join(map(quote, columns))
            cursor.executemany(f"INSERT INTO {quote(table)} ({names}) VALUES ({places})", rows)


def _with_rows(connection: BaseDatabaseWrapper) -> list[str]:
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True)) - KEPT)
    asked = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})" for table in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return [table for (table,) in cursor.fetchall()]
