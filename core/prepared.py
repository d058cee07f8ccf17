"""The queries of the busiest acts, written once: Django composes the same SQL anew each time, which takes it several
times as long as PostgreSQL needs to answer.

    _BY_DIGEST = Prepared(lambda: Key.objects.filter(digest=given("digest", TEXT)))
    key = _BY_DIGEST.first(digest=…)

The SQL, the conversions and the models that come out of it are Django's own; what is saved is the composing alone. A
query belongs here when its shape never changes and a profile of a busy act shows it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import connection, models, transaction
from django.db.models.constants import OnConflict
from django.db.models.expressions import Expression
from django.db.models.query import get_related_populators
from django.db.models.sql import InsertQuery, UpdateQuery

from core.money import MoneyField

Row = TypeVar("Row")
Made = TypeVar("Made", bound=models.Model)
Model = TypeVar("Model", bound=models.Model)


class Given(Expression):
    """The place of a value that is known only when the query runs; `field` says how it is written down."""

    def __init__(self, name: str, field: "models.Field[Any, Any]") -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


def given(name: str, field: "models.Field[Any, Any]") -> Any:
    """A `Given`; for the type checker it may stand wherever a value does."""
    return Given(name, field)


ID: "models.Field[Any, Any]" = models.BigIntegerField()
TEXT: "models.Field[Any, Any]" = models.TextField()
MOMENT: "models.Field[Any, Any]" = models.DateTimeField()
USD: "models.Field[Any, Any]" = MoneyField()


@dataclass(frozen=True)
class _Statement:
    """SQL, and what stands in it: values, and places of values."""

    sql: str
    params: tuple[Any, ...]

    def run(self, cursor: Any, values: dict[str, Any]) -> None:
        params = [
            param.output_field.get_db_prep_value(values[param.name], connection) if isinstance(param, Given) else param
            for param in self.params
        ]
        cursor.execute(self.sql, params)


class Prepared(Generic[Row]):
    """A query set whose SQL is composed when it is first asked. `build` is called without anything and once.

    It gives what the query set would: models with what `select_related`, `only` and `annotate` say, or the tuples of
    `values_list`. Known limits: no prefetches, no query that is known to be empty before it runs.
    """

    def __init__(self, build: "Callable[[], models.QuerySet[Any, Row]]") -> None:
        self._build = build
        self._read: Callable[[list[Any]], Iterator[Row]] | None = None

    def all(self, **values: Any) -> list[Row]:
        """Every row, for these values. One query."""
        read = self._read or self._compose()
        if self._locks and connection.get_autocommit():
            # As the query set itself would say.
            raise transaction.TransactionManagementError("select_for_update cannot be used outside of a transaction.")
        with connection.cursor() as cursor:
            self._statement.run(cursor, values)
            rows = cursor.fetchall()
        return list(read(rows)) if rows else []

    def first(self, **values: Any) -> Row | None:
        """The first row that the database answers with, or None."""
        found = self.all(**values)
        return found[0] if found else None

    def _compose(self) -> Callable[[list[Any]], Iterator[Row]]:
        rows = self._build()
        query = rows.query
        compiler = query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        self._locks = query.select_for_update
        self._statement = _Statement(sql, tuple(params))
        expressions = [expression for expression, _sql, _alias in compiler.select]
        converters = [
            (place, functions, expression)
            for place, (functions, expression) in compiler.get_converters(expressions).items()
        ]
        convert = _converting(converters)
        # What `values_list` sets; Django has no public word for it.
        read = _models(compiler, convert) if rows._fields is None else convert  # type: ignore[attr-defined]
        self._read = read
        return read


def _converting(converters: list[tuple[int, list[Any], Any]]) -> Callable[[list[Any]], Iterator[Any]]:
    """What makes Python's values of the database's, row by row."""

    def convert(rows: list[Any]) -> Iterator[list[Any]]:
        for row in rows:
            values = list(row)
            for place, functions, expression in converters:
                value = values[place]
                for function in functions:
                    value = function(value, expression, connection)
                values[place] = value
            yield values

    return convert


def _models(compiler: Any, convert: Callable[[list[Any]], Iterator[Any]]) -> Callable[[list[Any]], Iterator[Any]]:
    """What makes models of converted rows, as Django's own iteration of a query set does."""
    info, select, alias = compiler.klass_info, compiler.select, connection.alias
    model, places = info["model"], info["select_fields"]
    names = [select[place][0].target.attname for place in places]
    start, end = places[0], places[-1] + 1
    # The stubs are of a later Django.
    related = get_related_populators(info, select, alias)  # type: ignore[call-arg]
    notes = list((compiler.annotation_col_map or {}).items())

    def read(rows: list[Any]) -> Iterator[Any]:
        for values in convert(rows):
            found = model.from_db(alias, names, values[start:end])
            for populator in related:
                populator.populate(values, found)
            for name, place in notes:
                setattr(found, name, values[place])
            yield found

    return read


class PreparedUpdate(Generic[Model]):
    """An `update` whose SQL is composed when it first runs; `changes` by field, with `given` in it."""

    def __init__(self, build: "Callable[[], models.QuerySet[Model, Any]]", **changes: Any) -> None:
        self._build = build
        self._changes = changes
        self._model: type[Model] | None = None

    def run(self, **values: Any) -> int:
        """How many rows were changed."""
        self._model or self._compose()
        with transaction.mark_for_rollback_on_error(using=connection.alias), connection.cursor() as cursor:
            self._statement.run(cursor, values)
            return int(cursor.rowcount)

    def first(self, **values: Any) -> Model | None:
        """One of the rows that were changed, as it is now; None when there was none. One statement, no reading."""
        model = self._model or self._compose()
        with transaction.mark_for_rollback_on_error(using=connection.alias), connection.cursor() as cursor:
            self._returning.run(cursor, values)
            row = cursor.fetchone()
        if row is None:
            return None
        [changed] = self._convert([row])
        return model.from_db(connection.alias, self._names, changed)

    def _compose(self) -> type[Model]:
        rows = self._build()
        fields = rows.model._meta.concrete_fields
        query: Any = rows.query.chain(UpdateQuery)
        query.add_update_values(self._changes)
        sql, params = query.get_compiler(connection=connection).as_sql()
        self._statement = _Statement(sql, tuple(params))
        back = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
        self._returning = _Statement(f"{sql} RETURNING {back}", tuple(params))
        self._names = [field.attname for field in fields]
        columns = [field.get_col(rows.model._meta.db_table) for field in fields]
        converters = rows.query.get_compiler(connection=connection).get_converters(columns)
        self._convert = _converting([(place, those, column) for place, (those, column) in converters.items()])
        self._model = rows.model
        return rows.model


# By model, and whether a row that is there already is left alone.
_inserts: dict[tuple[type[models.Model], bool], tuple[str, list[Any]]] = {}


def insert(row: Made) -> Made:
    """Write a new row, as `save(force_insert=True)` does, and give it its number. For models without signals."""
    _insert(row, _kept_sql(row, unless_there=False))
    return row


def insert_unless_there(row: models.Model) -> bool:
    """`insert`, unless something unique of the row is in the table already: then false, and nothing is written."""
    return _insert(row, _kept_sql(row, unless_there=True))


def _insert(row: models.Model, kept: tuple[str, list[Any]]) -> bool:
    sql, fields = kept
    params = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    with transaction.mark_for_rollback_on_error(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(sql, params)
        made = cursor.fetchone()
    if made is None:
        return False
    row.pk = made[0]
    row._state.adding = False
    row._state.db = connection.alias
    return True


def _kept_sql(row: models.Model, *, unless_there: bool) -> tuple[str, list[Any]]:
    model = type(row)
    kept = _inserts.get((model, unless_there))
    if kept is None:
        kept = _inserts[model, unless_there] = _insert_sql(row, unless_there)
    return kept


def _insert_sql(row: models.Model, unless_there: bool) -> tuple[str, list[Any]]:
    meta = type(row)._meta
    fields = [field for field in meta.local_concrete_fields if field is not meta.pk]
    query = InsertQuery(type(row), on_conflict=OnConflict.IGNORE if unless_there else None)
    query.insert_values(fields, [row])
    compiler = query.get_compiler(connection=connection)
    compiler.returning_fields = [meta.pk]
    [(sql, _params)] = compiler.as_sql()
    return sql, fields
