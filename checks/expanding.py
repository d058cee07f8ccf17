"""Which operations of a migration break the code of the release before, while it still runs beside the new one.

The old code inserts without the columns that it does not know, names those that it knows in every SELECT and INSERT,
and writes what it always wrote. So a column comes with a default in the database, and what takes something away, or
refuses what was taken, has to be named by whoever knows that nothing leans on it any more.

What a RunPython does is not looked at: it is for rows, never for the schema.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import singledispatchmethod
from typing import Any, NamedTuple

from django.db import models
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations import Migration, operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

# Types are compared as PostgreSQL, the database of a live shop, calls them. Nothing connects.
_POSTGRESQL = DatabaseWrapper({"NAME": "none", "OPTIONS": {}, "TIME_ZONE": None}, alias="none")
_INTEGERS = ["smallint", "integer", "bigint"]

_ASKED_FOR = "the old code asks for it"


class Breach(NamedTuple):
    """One operation that the old code can't live with."""

    what: str
    """A name that stays the same: `orders.0012_name: RemoveField order.note`."""
    why: str


class _Step(NamedTuple):
    """Where an operation stands: its app, and the models before and after it."""

    app: str
    before: ProjectState
    after: ProjectState


def breaches(released: ProjectState, migrations: Iterable[Migration], ours: Collection[str]) -> Iterator[Breach]:
    """What in `migrations`, in their order, breaks the code whose models are `released`.

    Of other apps than `ours` nobody here decides what they do: their migrations only move the models along.
    """
    young = _Young()
    state = released.clone()
    for migration in migrations:
        for operation in migration.operations:
            before, state = state, state.clone()
            operation.state_forwards(migration.app_label, state)
            if migration.app_label not in ours:
                continue
            for what, why in young.look(operation, _Step(migration.app_label, before, state)):
                yield Breach(f"{migration.app_label}.{migration.name}: {what}", why)


class _Young:
    """The tables and columns that came since the release: the old code does not touch them."""

    def __init__(self) -> None:
        self.tables: set[tuple[str, str]] = set()
        self.columns: dict[tuple[str, str, str], bool] = {}
        """Each with whether it may be NULL."""

    def look(self, operation: Operation, step: _Step) -> Iterator[Breach]:
        """The breaches of one operation; remembers what it makes."""
        model = str(getattr(operation, "model_name", "")).lower()
        if (step.app, model) not in self.tables:
            yield from self._judge(operation, step)

    @singledispatchmethod
    def _judge(self, operation: Operation, step: _Step) -> Iterator[Breach]:
        yield _breach(operation, "", "this check can't tell what it does")

    @_judge.register(operations.AddIndex)
    @_judge.register(operations.RemoveIndex)
    @_judge.register(operations.RenameIndex)
    @_judge.register(operations.AlterModelOptions)
    @_judge.register(operations.AlterModelManagers)
    @_judge.register(operations.AlterModelTableComment)
    @_judge.register(operations.RunPython)
    def _harmless(self, operation: Operation, step: _Step) -> Iterator[Breach]:
        return iter(())

    @_judge.register
    def _separate(self, operation: operations.SeparateDatabaseAndState, step: _Step) -> Iterator[Breach]:
        before = step.before
        for part in operation.database_operations:
            after = before.clone()
            part.state_forwards(step.app, after)
            yield from self.look(part, _Step(step.app, before, after))
            before = after
        for part in operation.state_operations:
            # The table keeps the column, and the new code inserts without it.
            if isinstance(part, operations.RemoveField) and (
                why := _breaks_inserts(_field(step.before, step.app, part.model_name, part.name))
            ):
                yield _breach(part, part.name, f"the new code inserts without it: {why}")

    @_judge.register
    def _create_model(self, operation: operations.CreateModel, step: _Step) -> Iterator[Breach]:
        self.tables.add((step.app, operation.name.lower()))
        return iter(())

    @_judge.register
    def _delete_model(self, operation: operations.DeleteModel, step: _Step) -> Iterator[Breach]:
        if (step.app, operation.name.lower()) not in self.tables:
            yield _breach(operation, "", _ASKED_FOR)

    @_judge.register
    def _rename_model(self, operation: operations.RenameModel, step: _Step) -> Iterator[Breach]:
        if (step.app, operation.old_name.lower()) not in self.tables:
            yield _breach(operation, "", _ASKED_FOR)
        else:
            self.tables.add((step.app, operation.new_name.lower()))

    @_judge.register
    def _add_field(self, operation: operations.AddField, step: _Step) -> Iterator[Breach]:
        yield from self._young_column(operation, step)

    @_judge.register
    def _alter_field(self, operation: operations.AlterField, step: _Step) -> Iterator[Breach]:
        place = (step.app, operation.model_name)
        if (*place, operation.name) in self.columns:
            yield from self._young_column(operation, step)
            return
        old, new = (_field(state, *place, operation.name) for state in (step.before, step.after))
        if narrower := list(_narrower(old, new)):
            yield _breach(operation, operation.name, f"it is narrower: {', '.join(narrower)}")

    def _young_column(self, operation: operations.AddField | operations.AlterField, step: _Step) -> Iterator[Breach]:
        field = _field(step.after, step.app, operation.model_name, operation.name)
        self.columns[step.app, operation.model_name.lower(), operation.name] = field.null
        if why := _breaks_inserts(field):
            yield _breach(operation, operation.name, f"the old code inserts without it: {why}")

    @_judge.register
    def _remove_field(self, operation: operations.RemoveField, step: _Step) -> Iterator[Breach]:
        if self.columns.pop((step.app, operation.model_name.lower(), operation.name), None) is None:
            yield _breach(operation, operation.name, _ASKED_FOR)

    @_judge.register
    def _rename_field(self, operation: operations.RenameField, step: _Step) -> Iterator[Breach]:
        place = (step.app, operation.model_name.lower())
        nullable = self.columns.pop((*place, operation.old_name), None)
        if nullable is None:
            yield _breach(operation, operation.old_name, _ASKED_FOR)
        else:
            self.columns[*place, operation.new_name] = nullable

    @_judge.register
    def _add_constraint(self, operation: operations.AddConstraint, step: _Step) -> Iterator[Breach]:
        constraint = operation.constraint
        place = (step.app, operation.model_name.lower())
        if isinstance(constraint, models.CheckConstraint):
            # Of young columns the old code writes the defaults, as stand in every row that is there.
            named = constraint.condition.referenced_base_fields if isinstance(constraint.condition, models.Q) else None
            met = bool(named) and all((*place, name) in self.columns for name in named or ())
        else:
            # No two NULLs are the same.
            met = (
                isinstance(constraint, models.UniqueConstraint)
                and constraint.nulls_distinct is not False
                and any(self.columns.get((*place, name)) for name in constraint.fields)
            )
        if not met:
            yield _breach(operation, constraint.name, "the old code may write what it refuses")

    @_judge.register
    def _remove_constraint(self, operation: operations.RemoveConstraint, step: _Step) -> Iterator[Breach]:
        model = step.before.models[step.app, operation.model_name.lower()]
        # A CHECK does nothing but refuse.
        if not isinstance(model.get_constraint_by_name(operation.name), models.CheckConstraint):
            yield _breach(operation, operation.name, "the old code may count on it")


def _breach(operation: Operation, part: str, why: str) -> Breach:
    names = (getattr(operation, name, None) for name in ("model_name", "old_name", "name"))
    model = str(next(filter(None, names), "")).lower()
    target = ".".join(word for word in (model, part) if word)
    return Breach(f"{type(operation).__name__} {target}".strip(), why)


def _field(state: ProjectState, app: str, model: str, name: str) -> Any:
    return state.apps.get_model(app, model)._meta.get_field(name)


def _breaks_inserts(field: Any) -> str:
    """Why an INSERT that does not name this column fails; empty when it doesn't."""
    if not field.concrete or field.many_to_many or field.null or field.generated:
        return ""
    if not field.has_db_default():
        return "it is neither null nor has it a db_default"
    if field.unique:
        return "it is unique, and the default is the same for every row"
    return ""


def _narrower(old: Any, new: Any) -> Iterator[str]:
    """In which ways `new` refuses what `old` took, or lacks what `old` gave."""
    if old.many_to_many or new.many_to_many:
        tables = [field.m2m_db_table() if field.many_to_many else None for field in (old, new)]
        if tables[0] != tables[1]:
            yield "it has another table"
        return
    was, now = (field.db_parameters(_POSTGRESQL) for field in (old, new))
    if not _holds(was["type"], now["type"]):
        yield f"{now['type']} instead of {was['type']}"
    if now["check"] and now["check"] != was["check"]:
        yield f"CHECK {now['check']}"
    if old.null and not new.null:
        yield "not null"
    if new.unique and not old.unique:
        yield "unique"
    if old.has_db_default() and not new.has_db_default():
        yield "no db_default"
    if old.column != new.column:
        yield "its column has another name"
    if (table := _points_to(new)) and table != _points_to(old):
        yield f"it has to be in {table}"


def _points_to(field: Any) -> str | None:
    """The table that a foreign key is held to."""
    return field.remote_field.model._meta.db_table if field.remote_field and field.db_constraint else None


def _holds(was: str, now: str) -> bool:
    """Whether the type `now` holds every value of the type `was`."""
    if was == now:
        return True
    if was in _INTEGERS and now in _INTEGERS:
        return _INTEGERS.index(was) < _INTEGERS.index(now)
    (old_name, *old_sizes), (new_name, *new_sizes) = (re.findall(r"[a-z]+|\d+", name) for name in (was, now))
    if (old_name, new_name) == ("varchar", "text") or (old_name, new_name, new_sizes) == ("varchar", "varchar", []):
        return True
    if old_name != new_name or not old_sizes or len(old_sizes) != len(new_sizes):
        return False
    wide, wide_now = int(old_sizes[0]), int(new_sizes[0])
    if old_name == "varchar":
        return wide <= wide_now
    if old_name == "numeric":
        places, places_now = int(old_sizes[1]), int(new_sizes[1])
        return places <= places_now and wide - places <= wide_now - places_now
    return False
