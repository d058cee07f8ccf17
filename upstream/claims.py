"""Who asks for which running purchase at the moment: claims in a narrow table of their own.

The rows of purchases have an index for each list that shows them, so to write on one costs twenty times what it costs
here; and a claim is taken and given back for every question.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models

from upstream.models import Claim

_SQL = """INSERT INTO upstream_claim (kind, target, until) {rows}
ON CONFLICT (kind, target) DO UPDATE SET until = excluded.until WHERE upstream_claim.until <= %s RETURNING target"""
# Claims that nobody gave back, because their worker vanished and the purchase ended meanwhile.
_FORGOTTEN = timedelta(hours=1)


def kind_of(model: type[models.Model]) -> str:
    """What claims of this model's rows are called."""
    return str(model._meta.model_name)


def held(model: type[models.Model], *, now: datetime) -> set[int]:
    """The rows that somebody asks for now: a batch for each worker at most."""
    return set(Claim.objects.filter(kind=kind_of(model), until__gt=now).values_list("target", flat=True))


def take(model: type[models.Model], pks: Sequence[int], *, until: datetime, now: datetime) -> list[int]:
    """Claim these rows; those of them that nobody else has claimed meanwhile. One statement."""
    if not pks:
        return []
    moment = Claim._meta.get_field("until")
    lapses, passed = (moment.get_db_prep_value(at, connection) for at in (until, now))
    kind = kind_of(model)
    # In order, so that two who claim the same rows never wait for each other.
    ordered = sorted(pks)
    values: list[Any]
    if connection.vendor == "postgresql":
        rows, values = "SELECT %s, unnest(%s::bigint[]), %s", [kind, ordered, lapses]
    else:
        rows = f"VALUES {', '.join(['(%s, %s, %s)'] * len(ordered))}"
        values = [value for pk in ordered for value in (kind, pk, lapses)]
    with connection.cursor() as cursor:
        # Places of values alone are put together here.
        cursor.execute(_SQL.format(rows=rows), [*values, passed])
        return [pk for (pk,) in cursor.fetchall()]


def give_back(model: type[models.Model], pks: Iterable[int]) -> None:
    """These rows have been asked for, and when to ask next is written down."""
    Claim.objects.filter(kind=kind_of(model), target__in=list(pks)).delete()


def forget(*, now: datetime) -> None:
    """Drop claims that nobody gave back."""
    Claim.objects.filter(until__lt=now - _FORGOTTEN).delete()
