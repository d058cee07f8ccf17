"""Database triggers that keep transfers append-only, whoever is at the keyboard.

Django rebuilds a table on SQLite to change it, and triggers go with the old one: so they are installed
after every `migrate`, and `manage.py audit_books` reports when they are not there.

SQLite's REPLACE deletes the rows in its way without firing a delete trigger, so there an insert that meets a
row with one of its unique values is refused before the conflict is looked at.
"""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "wallet_transfer"
SAYING = "transfers are append-only"

_INSTALL = {
    "sqlite": [
        f"""CREATE TRIGGER IF NOT EXISTS transfer_no_update BEFORE UPDATE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, '{SAYING}'); END""",
        f"""CREATE TRIGGER IF NOT EXISTS transfer_no_delete BEFORE DELETE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, '{SAYING}'); END""",
        f"""CREATE TRIGGER IF NOT EXISTS transfer_no_replace BEFORE INSERT ON {TABLE}
        WHEN EXISTS (
            SELECT 1 FROM {TABLE} WHERE id = NEW.id OR key = NEW.key
            OR (NEW.kind = 'CAPTURE' AND kind = 'CAPTURE' AND hold_id = NEW.hold_id)
        )
        BEGIN SELECT RAISE(ABORT, '{SAYING}'); END""",  # noqa: S608  # nosec B608
    ],
    "postgresql": [
        f"""CREATE OR REPLACE FUNCTION transfer_append_only() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{SAYING}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        f"""CREATE OR REPLACE TRIGGER transfer_no_update BEFORE UPDATE OR DELETE ON {TABLE}
        FOR EACH ROW EXECUTE FUNCTION transfer_append_only()""",
        f"""CREATE OR REPLACE TRIGGER transfer_no_delete BEFORE TRUNCATE ON {TABLE}
        FOR EACH STATEMENT EXECUTE FUNCTION transfer_append_only()""",
    ],
}
NAMES = {
    "sqlite": ["transfer_no_update", "transfer_no_delete", "transfer_no_replace"],
    "postgresql": ["transfer_no_update", "transfer_no_delete"],
}
_UNINSTALL = {
    "sqlite": [f"DROP TRIGGER IF EXISTS {name}" for name in NAMES["sqlite"]],
    "postgresql": [f"DROP TRIGGER IF EXISTS {name} ON {TABLE}" for name in NAMES["postgresql"]],
}
_PRESENT = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
    "postgresql": """SELECT tgname FROM pg_trigger
        WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled IN ('O', 'A')""",
}


def install(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers in place; those that are there stay."""
    _run(connection, _INSTALL)


def uninstall(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers away: for tests that empty their tables, and for nothing else."""
    _run(connection, _UNINSTALL)


def present(connection: BaseDatabaseWrapper) -> bool:
    """Whether every trigger is in place."""
    with connection.cursor() as cursor:
        cursor.execute(_PRESENT[connection.vendor], [TABLE])
        return {name for (name,) in cursor.fetchall()} >= set(NAMES[connection.vendor])


def after_migrate(*, using: str, **kwargs: Any) -> None:
    """Install once the wallet's tables are as its newest migration wants them."""
    connection = connections[using]
    if TABLE in connection.introspection.table_names():
        install(connection)


def _run(connection: BaseDatabaseWrapper, statements: dict[str, list[str]]) -> None:
    if connection.vendor not in statements:
        raise NotImplementedError(f"no append-only triggers for {connection.vendor}: use PostgreSQL or SQLite")
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
