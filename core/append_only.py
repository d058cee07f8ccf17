"""Database triggers that keep a table append-only, whoever is at the keyboard.

Django rebuilds a table on SQLite to change it, and triggers go with the old one: so they are installed after every
`migrate`.

SQLite's REPLACE deletes the rows in its way without firing a delete trigger, so there an insert that meets a row with
one of its unique values is refused before the conflict is looked at.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from core import triggers


@dataclass(frozen=True)
class AppendOnly:
    """The triggers of one table. Names and conditions are ours, never anybody's input."""

    table: str
    name: str
    """What the triggers' names begin with."""
    saying: str
    """What whoever tries is told."""
    clash: str = "id = NEW.id"
    """SQL: which rows an insert of NEW would meet."""

    @property
    def names(self) -> dict[str, list[str]]:
        """The triggers by the database's kind."""
        common = [f"{self.name}_no_update", f"{self.name}_no_delete"]
        return {"sqlite": [*common, f"{self.name}_no_replace"], "postgresql": common}

    def install(self, connection: BaseDatabaseWrapper) -> None:
        """Put the triggers in place; those that are there stay."""
        self._run(connection, {"sqlite": self._sqlite(), "postgresql": self._postgresql()})

    def uninstall(self, connection: BaseDatabaseWrapper) -> None:
        """Take the triggers away: for tests that empty their tables, and for nothing else."""
        self._run(
            connection,
            {
                "sqlite": [f"DROP TRIGGER IF EXISTS {name}" for name in self.names["sqlite"]],
                "postgresql": [f"DROP TRIGGER IF EXISTS {name} ON {self.table}" for name in self.names["postgresql"]],
            },
        )

    def present(self, connection: BaseDatabaseWrapper) -> bool:
        """Whether every trigger is in place."""
        return triggers.names(connection, self.table) >= set(self.names[connection.vendor])

    def after_migrate(self, *, using: str, **kwargs: Any) -> None:
        """Install once the table is as the newest migration wants it: a receiver of Django's `post_migrate`."""
        connection = connections[using]
        if self.table in connection.introspection.table_names():
            self.install(connection)

    def _sqlite(self) -> list[str]:
        refuse = f"BEGIN SELECT RAISE(ABORT, '{self.saying}'); END"
        return [
            f"CREATE TRIGGER IF NOT EXISTS {self.name}_no_update BEFORE UPDATE ON {self.table} {refuse}",
            f"CREATE TRIGGER IF NOT EXISTS {self.name}_no_delete BEFORE DELETE ON {self.table} {refuse}",
            f"""CREATE TRIGGER IF NOT EXISTS {self.name}_no_replace BEFORE INSERT ON {self.table}
            WHEN EXISTS (SELECT 1 FROM {self.table} WHERE {self.clash}) {refuse}""",  # noqa: S608  # nosec B608
        ]

    def _postgresql(self) -> list[str]:
        function = f"{self.name}_append_only()"
        return [
            f"""CREATE OR REPLACE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{self.saying}' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
            f"""CREATE OR REPLACE TRIGGER {self.name}_no_update BEFORE UPDATE OR DELETE ON {self.table}
            FOR EACH ROW EXECUTE FUNCTION {function}""",
            f"""CREATE OR REPLACE TRIGGER {self.name}_no_delete BEFORE TRUNCATE ON {self.table}
            FOR EACH STATEMENT EXECUTE FUNCTION {function}""",
        ]

    def _run(self, connection: BaseDatabaseWrapper, statements: dict[str, list[str]]) -> None:
        if connection.vendor not in statements:
            raise NotImplementedError(f"no append-only triggers for {connection.vendor}: use PostgreSQL or SQLite")
        with connection.cursor() as cursor:
            for statement in statements[connection.vendor]:
                cursor.execute(statement)
