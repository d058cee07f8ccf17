"""Which rows of the vendor's answer need no second look: our row was reckoned from the same bytes, by the same means,
and nobody has changed it since.

What was compared is remembered by a digest of the vendor's bytes and one of the means (`Reckoning`). A service that
was changed since, by whomever, loses its digest before it is looked for (`catalog/touched.py`); so does one that a
sync changed itself, and the next sync compares it once more.
"""

import hashlib
import platform
import secrets
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import django
import msgspec
from django.db import connection

import catalog
import core
import upstream
from catalog.models import Category, MarkupRule, RowDigest, Service

_SIZE = 16
_DIGESTS = RowDigest._meta.db_table
_SERVICES = Service._meta.db_table
# Names of ours alone are put together here.
_READ = f"""SELECT service.upstream_id, service.id, service.state, service.vendor_category_id, service.category_id,
    digest.digest, digest.reckoning
FROM {_SERVICES} AS service LEFT JOIN {_DIGESTS} AS digest ON digest.upstream_id = service.upstream_id"""  # noqa: S608  # nosec B608
_WRITE = f"""INSERT INTO {_DIGESTS} (upstream_id, digest, reckoning) {{}} ON CONFLICT (upstream_id)
    DO UPDATE SET digest = excluded.digest, reckoning = excluded.reckoning"""  # nosec B608
_FORGET = f"DELETE FROM {_DIGESTS} WHERE upstream_id {{}}"  # noqa: S608  # nosec B608
# PostgreSQL takes all of them as one text: an array is made value by value, which takes Python as long as the rest.
_NUMBERS = "unnest(string_to_array(%s, ',')::bigint[])"
_TOGETHER = f"""SELECT number, substring(%s::bytea, place, {_SIZE}), substring(%s::bytea, place, {_SIZE})
    FROM (SELECT number, ((nth - 1) * {_SIZE} + 1)::int AS place
          FROM {_NUMBERS} WITH ORDINALITY AS given(number, nth)) AS placed"""  # noqa: S608  # nosec B608


class Notes:
    """What is to be remembered: of each service the digest of the vendor's row, and of what ours was reckoned by.

    Lists side by side, since an object for each service would be as heavy as the rest.
    """

    def __init__(self) -> None:
        self.upstream_ids: list[int] = []
        self.rows: list[bytes] = []
        self.means: list[bytes] = []

    def add(self, upstream_id: int, row: bytes, means: bytes) -> None:
        """Once a service."""
        self.upstream_ids.append(upstream_id)
        self.rows.append(row)
        self.means.append(means)

    def keep(self) -> None:
        """Write them down in place of what was remembered of the same services."""
        if not self.upstream_ids:
            return
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                together = (b"".join(self.rows), b"".join(self.means), _text(self.upstream_ids))
                cursor.execute(_WRITE.format(_TOGETHER), together)
            else:
                one_by_one = list(zip(self.upstream_ids, self.rows, self.means, strict=True))
                cursor.executemany(_WRITE.format("VALUES (%s, %s, %s)"), one_by_one)


class Shelf(NamedTuple):
    """All services as a sync finds them, by the vendor's numbers."""

    states: dict[int, str]
    numbers: dict[int, int]
    """Our own."""
    vouched: dict[bytes, int]
    """Digests of rows that need no second look."""


def of(row: bytes | msgspec.Raw) -> bytes:
    """The digest of a row of the vendor's."""
    return hashlib.blake2b(row, digest_size=_SIZE).digest()


def _of_code() -> bytes:
    """A digest of whatever has a part in a reckoning and is no data: of whole rooms, so that no list can lag behind."""
    versions = (platform.python_version(), unicodedata.unidata_version, django.__version__, msgspec.__version__)
    told = hashlib.blake2b(repr(versions).encode(), digest_size=_SIZE)
    files = [
        path for room in (catalog, core, upstream) for path in sorted(Path(str(room.__file__)).parent.rglob("*.py"))
    ]
    if not files:  # without sources nobody can tell: what nobody else has
        return secrets.token_bytes(_SIZE)
    for path in files:
        text = path.read_bytes()
        told.update(f"{path.name}:{len(text)}:".encode())
        told.update(text)
    return told.digest()


# Read when the process begins: an upgrade puts other files under it before it ends.
_CODE = _of_code()


class Reckoning:
    """What the services are reckoned by, besides the vendor's rows and their own: rules, units, categories, code.

    NEW_SERVICES and its like decide about services that are not there yet, and so are no part of it.
    """

    def __init__(
        self, rules: Iterable[MarkupRule], units: Mapping[str, int], categories: Mapping[int, Category]
    ) -> None:
        fields = [field.attname for field in MarkupRule._meta.concrete_fields]
        told = sorted(tuple((name, getattr(rule, name)) for name in fields) for rule in rules)
        self._all = _CODE + repr((told, sorted(units.items()))).encode()
        self._categories = categories
        self._known: dict[tuple[int | None, int | None], bytes] = {}

    def of(self, vendor_category_id: int | None, category_id: int | None) -> bytes:
        """The digest for services of these categories: the vendor's, and the one that holds."""
        key = vendor_category_id, category_id
        digest = self._known.get(key)
        if digest is None:
            digest = self._known[key] = of(self._all + repr([self._words(pk) for pk in key]).encode())
        return digest

    def _words(self, category_id: int | None) -> tuple[Any, ...] | None:
        category = None if category_id is None else self._categories.get(category_id)
        return (category.pk, category.vendor_name, category.name, category.name_zh) if category else None


def seen() -> set[bytes]:
    """The digests of all rows that were ever compared: their services are known, if nothing else."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT digest FROM {_DIGESTS}")  # noqa: S608  # nosec B608
        return {digest for (digest,) in cursor.fetchall()}


def shelf(reckoning: Reckoning) -> Shelf:
    """Every service, and which of the vendor's rows need no second look under this reckoning. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_READ)
        rows = cursor.fetchall()
    vouched = {
        digest: number
        for number, _pk, _state, vendors, holding, digest, means in rows
        if digest is not None and means == reckoning.of(vendors, holding)
    }
    return Shelf({row[0]: row[2] for row in rows}, {row[0]: row[1] for row in rows}, vouched)


def forget(upstream_ids: Collection[int]) -> None:
    """Have these services compared by the next sync."""
    if not upstream_ids:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_FORGET.format(f"IN (SELECT {_NUMBERS})"), [_text(upstream_ids)])
        else:
            cursor.executemany(_FORGET.format("= %s"), [(number,) for number in upstream_ids])


def forget_all() -> None:
    """Have every service compared by the next sync."""
    RowDigest.objects.all().delete()


def _text(numbers: Iterable[int]) -> str:
    return ",".join(map(str, numbers))
