"""Which services were changed since a sync compared them, by whomever: triggers note it, in the same transaction.

A sync takes the notes first and reads the rows after that. A note of a change that it can't see yet is committed with
the change, and so stays for the next sync; a lock would make whoever changes a service wait for a whole sync.
Only what is compared counts: whether a service is hidden, for example, leaves no note.

Where the triggers are missing nobody can tell what was changed, and every row has to be compared.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from catalog.figures import COMPARED
from catalog.models import RowDigest, Service, TouchedService
from core import triggers

_SERVICES = Service._meta.db_table
_NOTES = TouchedService._meta.db_table
_DIGESTS = RowDigest._meta.db_table
_PREFIX = "catalog_touched_"

# What is put together here are names of ours alone.
# REPLACE takes the rows in its way without firing a trigger for it.
_ON_SQLITE = {
    "update": """AFTER UPDATE ON {services} WHEN {differs} BEGIN
        INSERT INTO {notes} (upstream_id) VALUES (OLD.upstream_id); END""",
    "delete": """AFTER DELETE ON {services} BEGIN
        INSERT INTO {notes} (upstream_id) VALUES (OLD.upstream_id); END""",
    "replace": """BEFORE INSERT ON {services}
        WHEN EXISTS (SELECT 1 FROM {services} WHERE id = NEW.id OR upstream_id = NEW.upstream_id) BEGIN
        INSERT INTO {notes} (upstream_id)
        SELECT upstream_id FROM {services} WHERE id = NEW.id OR upstream_id = NEW.upstream_id; END""",
}
_FUNCTION = """CREATE OR REPLACE FUNCTION catalog_touched() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM {digests};
    ELSE
        INSERT INTO {notes} (upstream_id) VALUES (OLD.upstream_id);
    END IF;
    RETURN NULL;
END $$"""
_ON_POSTGRESQL = {
    "update": """AFTER UPDATE ON {services} FOR EACH ROW WHEN ({differs}) EXECUTE FUNCTION catalog_touched()""",
    "delete": """AFTER DELETE ON {services} FOR EACH ROW EXECUTE FUNCTION catalog_touched()""",
    "truncate": """AFTER TRUNCATE ON {services} FOR EACH STATEMENT EXECUTE FUNCTION catalog_touched()""",
}


def take() -> set[int]:
    """The vendor's numbers of the services that were changed; the notes are gone with the transaction.

    To be called before any row is read that is to be compared.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # what others commit meanwhile stays
            cursor.execute(f"DELETE FROM {_NOTES} RETURNING upstream_id")  # noqa: S608  # nosec B608
            return {number for (number,) in cursor.fetchall()}
    numbers = lately()
    TouchedService.objects.all().delete()
    return numbers


def lately() -> set[int]:
    """The vendor's numbers of the services that were changed since the notes were taken last."""
    return set(TouchedService.objects.values_list("upstream_id", flat=True))


def is_watched() -> bool:
    """Whether every trigger is in place, as this code wants it."""
    return triggers.names(connection, _SERVICES) >= set(_statements(connection))


def before_migrate(*, using: str, plan: Sequence[tuple[Any, bool]] = (), **kwargs: Any) -> None:
    """Take the triggers away while a migration of the catalogue runs; hears `pre_migrate`.

    No database changes or drops a column that a trigger names. `after_migrate` puts them back.
    """
    if not any(migration.app_label == Service._meta.app_label for migration, _backwards in plan):
        return
    database = connections[using]
    if _SERVICES in database.introspection.table_names():
        with transaction.atomic(using):
            _drop(database)


def after_migrate(*, using: str, **kwargs: Any) -> None:
    """Put the triggers in place once the tables are as the newest migration wants them; hears `post_migrate`.

    While one was missing a change left no note, so everything has to be compared anew.
    """
    database = connections[using]
    wanted = _statements(database)
    if not {_SERVICES, _NOTES, _DIGESTS} <= set(database.introspection.table_names()):
        return
    present = triggers.names(database, _SERVICES)
    if present >= set(wanted):
        return
    with transaction.atomic(using), database.cursor() as cursor:
        _drop(database)
        if database.vendor == "postgresql":
            cursor.execute(_FUNCTION.format(notes=_NOTES, digests=_DIGESTS))
        for statement in wanted.values():
            cursor.execute(statement)
        cursor.execute(f"DELETE FROM {_DIGESTS}")  # noqa: S608  # nosec B608


def _drop(database: BaseDatabaseWrapper) -> None:
    on = f" ON {_SERVICES}" if database.vendor == "postgresql" else ""
    with database.cursor() as cursor:
        for name in triggers.names(database, _SERVICES):
            if name.startswith(_PREFIX):
                cursor.execute(f"DROP TRIGGER {name}{on}")


def _statements(database: BaseDatabaseWrapper) -> dict[str, str]:
    """What makes each trigger, by its name. The name tells what the trigger does, so an old one is known as such."""
    sqlite = database.vendor == "sqlite"
    unlike = "IS NOT" if sqlite else "IS DISTINCT FROM"
    fields: list[Any] = [Service._meta.get_field(name) for name in COMPARED]
    columns = [database.ops.quote_name(field.column) for field in fields]
    names = {
        "services": _SERVICES,
        "notes": _NOTES,
        "digests": _DIGESTS,
        "differs": " OR ".join(f"OLD.{column} {unlike} NEW.{column}" for column in columns),
    }
    found = {}
    for kind, text in (_ON_SQLITE if sqlite else _ON_POSTGRESQL).items():
        does = text.format(**names)
        told = hashlib.blake2b((does if sqlite else _FUNCTION + does).encode(), digest_size=4).hexdigest()
        name = f"{_PREFIX}{kind}_{told}"
        found[name] = f"CREATE TRIGGER {name} {does}"
    return found
