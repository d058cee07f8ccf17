"""Write many rows at once: where the database is PostgreSQL by COPY, and by one UPDATE of arrays; and delete many.

Django's own ways compose a piece of SQL for each value, which took most of a sync and of a batch of answers.
"""

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, models, transaction

from core.money import MoneyField, to_micros

BATCH = 500
# What psycopg writes as the column wants it.
_AS_THEY_ARE = (
    *(models.CharField, models.TextField, models.IntegerField, models.BooleanField),
    models.ForeignKey,
)


def create(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write `rows`, each with the same fields by the names of their columns; the others get their defaults.

    Numbers of the rows are given by the database and not told. For models without signals.
    """
    if rows:
        names = list(rows[0])
        create_each(model, names, ([row[name] for name in names] for row in rows))


def create_each(model: type[models.Model], names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """As `create`: rows of values for the fields `names`, taken one by one while they are written.

    While they are taken nothing else may be asked of the database.
    """
    if connection.vendor != "postgresql":
        left = iter(rows)
        while some := [model(**dict(zip(names, row, strict=True))) for row in itertools.islice(left, BATCH)]:
            model._default_manager.bulk_create(some)
        return
    meta, quote = model._meta, connection.ops.quote_name
    given: list[Any] = [meta.get_field(name) for name in names]
    others = [(field, field.get_default()) for field in meta.local_concrete_fields if _needs_default(field, given)]
    # What is None is NULL without being named.
    always = [(field, default) for field, default in others if default is not None]
    constant = [default if way is None else way(default) for way, default in ((_way(f), d) for f, d in always)]
    ways = [(place, way) for place, way in enumerate(map(_way, given)) if way is not None]
    columns = ", ".join(quote(str(field.column)) for field in [*given, *(field for field, _default in always)])
    with (
        transaction.atomic(),
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(f"COPY {quote(meta.db_table)} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            values = [*row, *constant]
            for place, way in ways:
                values[place] = way(values[place])
            copy.write_row(values)


def _needs_default(field: Any, given: Sequence[Any]) -> bool:
    return field not in given and not field.primary_key and not field.has_db_default()


# The rows of one run have the same few prices and moments.
_micros = functools.lru_cache(maxsize=20_000)(lambda amount: None if amount is None else to_micros(amount))
_moment = functools.lru_cache(maxsize=1000)(lambda moment: None if moment is None else str(moment))


def _way(field: "models.Field[Any, Any]") -> Callable[[Any], Any] | None:
    """How a value of the field is written down; None: as it is."""
    if isinstance(field, MoneyField):
        return _micros
    if isinstance(field, models.DateTimeField):
        return _moment
    if isinstance(field, _AS_THEY_ARE):
        return None
    return lambda value: field.get_db_prep_save(value, connection)


def update(rows: "Sequence[models.Model]", fields: Sequence[str]) -> None:
    """Write these fields of rows of one model, as `bulk_update` does; one statement where that is PostgreSQL's."""
    if not rows:
        return
    model = type(rows[0])
    if connection.vendor != "postgresql":
        model._default_manager.bulk_update(rows, fields, batch_size=BATCH)
        return
    meta, quote = model._meta, connection.ops.quote_name
    pk: Any = meta.pk
    written: list[Any] = [pk, *(meta.get_field(name) for name in fields)]
    columns = [quote(str(field.column)) for field in written]
    arrays = ", ".join(f"%s::{_kind(field)}[]" for field in written)
    changes = ", ".join(f"{column} = new.{column}" for column in columns[1:])
    table = quote(meta.db_table)
    pairs = f"{table}.{columns[0]} = new.{columns[0]}"
    names = f"new({', '.join(columns)})"
    # Names of ours alone are put together here.
    sql = f"UPDATE {table} SET {changes} FROM unnest({arrays}) AS {names} WHERE {pairs}"  # noqa: S608  # nosec B608
    ways = [(field.attname, _way(field)) for field in written]
    values = [[getattr(row, name) if way is None else way(getattr(row, name)) for row in rows] for name, way in ways]
    with transaction.mark_for_rollback_on_error(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(sql, values)


def delete(rows: "models.QuerySet[Any]") -> None:
    """Delete these rows with all that hangs on them, a batch at a time.

    Where something does, Django names each row in the query for it, and PostgreSQL takes 65,535 values in one.
    """
    while pks := list(rows.order_by().values_list("pk", flat=True)[:BATCH]):
        rows.model._default_manager.filter(pk__in=pks).delete()


def _kind(field: Any) -> str:
    """The type of a field's column, without a length: a cast to one cuts off what is longer."""
    if isinstance(field, models.CharField | models.TextField):
        return "text"
    return str(field.rel_db_type(connection) if field.primary_key else field.db_type(connection))
