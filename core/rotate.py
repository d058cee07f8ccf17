"""Secrets at rest under the newest key: what was encrypted by an older one is encrypted anew, while the shop works on.

Rows are changed only if they are still as they were read, so a text that somebody changes meanwhile is never undone;
it is under the newest key anyway.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db import connection, models

from core.secrets import EncryptedTextField, renewed

BATCH = 500


@dataclass
class Rotated:
    """What became of one column's texts. `unreadable`: primary keys of rows that no key fits."""

    already: int = 0
    anew: int = 0
    unreadable: list[Any] = field(default_factory=list)


def columns() -> Iterator[tuple[type[models.Model], str]]:
    """Every encrypted column of the shop: model and field's name."""
    for model in apps.get_models():
        for each in model._meta.local_concrete_fields:
            if isinstance(each, EncryptedTextField):
                yield model, each.name


def rotate(model: type[models.Model], name: str) -> Rotated:
    """Bring the column `name` of `model` under the newest key."""
    quote = connection.ops.quote_name
    of: Any = model._meta
    table, column, key = quote(of.db_table), quote(of.get_field(name).column), quote(of.pk.column)
    done = Rotated()
    last: Any = None
    while rows := _read(table, column, key, last):
        for pk, stored in rows:
            try:
                better = renewed(stored)
            except InvalidToken:
                done.unreadable.append(pk)
                continue
            if better is None:
                done.already += 1
                continue
            with connection.cursor() as cursor:
                cursor.execute(
                    f"UPDATE {table} SET {column} = %s WHERE {key} = %s AND {column} = %s",  # noqa: S608  # nosec B608
                    [better, pk, stored],
                )
                done.anew += cursor.rowcount
        last = rows[-1][0]
    return done


def _read(table: str, column: str, key: str, last: Any) -> list[tuple[Any, str]]:
    """The next rows as they are stored, by primary key."""
    after, parameters = ("", []) if last is None else (f"AND {key} > %s", [last])
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL {after} "  # noqa: S608  # nosec B608
            f"ORDER BY {key} LIMIT {BATCH}",
            parameters,
        )
        return list(cursor.fetchall())
