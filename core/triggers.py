"""Which of our triggers a table has: what leans on a trigger has to know that it is there."""

from django.db.backends.base.base import BaseDatabaseWrapper

_PRESENT = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
    "postgresql": """SELECT tgname FROM pg_trigger
        WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled IN ('O', 'A')""",
}


def names(connection: BaseDatabaseWrapper, table: str) -> set[str]:
    """The names of the table's triggers, without those that are switched off. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_PRESENT[connection.vendor], [table])
        return {name for (name,) in cursor.fetchall()}
