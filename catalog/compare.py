"""Reckon what the rows of a sync's services should say, and compare it with what they say."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings

from catalog import digests
from catalog.figures import NOTHING, OWN, WANTED, figures, word
from catalog.listing import Sorted
from catalog.models import Category, Service
from catalog.own import Own
from catalog.pricing import RuleBook
from upstream import replies

_CHUNK = 500
# Of more services than this all rows are read: naming them all would take longer.
_MANY = 5000
# What a new row says.
NEW = ("upstream_id", "first_seen_at", "changed_at", "held", "hidden", *WANTED)
# What a comparison reads of ours before `WANTED`.
_KEPT = ("upstream_id", "pk", *OWN)
_CATEGORY, _PART = WANTED.index("category_id"), WANTED.index("vendor_subcategory_id")


class Place(NamedTuple):
    """What a category of the vendor's is to us."""

    pk: int
    is_learned: bool
    holds_new: bool
    """Whether what the vendor adds to it waits until somebody has looked at it."""


@dataclass
class Means:
    """What rows are reckoned by, all of one moment."""

    asked: Mapping[int, tuple[str, str]]
    """(category, subcategory) of services, as far as the vendor was asked this time."""
    learned: Collection[str]
    """The categories that it was asked about."""
    categories: dict[str, int]
    subcategories: dict[tuple[str, str], int]
    rules: RuleBook[Any]
    units: dict[str, int]
    by_id: dict[int, Category]
    reckoning: digests.Reckoning
    _places: dict[str, Place] = field(default_factory=dict)

    def place(self, row: replies.Service) -> Place:
        """Where the vendor has it."""
        found = self._places.get(row.category)
        if found is None:
            name = word(row.category)
            pk = self.categories[name]
            holds_new = (self.by_id[pk].new_services or settings.NEW_SERVICES) == "hold"
            found = self._places[row.category] = Place(pk, name in self.learned, holds_new)
        return found

    def says(self, row: replies.Service, *, own: Own, pk: int | None, part: int | None) -> tuple[Any, ...]:
        """What our row should say; `pk` and `part` are ours and its part of the vendor's category, as far as known."""
        place = self.place(row)
        asked = self.asked.get(row.service)
        if asked:
            part = self.subcategories.get(asked)
        elif place.is_learned:  # the vendor lists it under none of them
            part = None
        return figures(
            row,
            category_id=place.pk,
            subcategory_id=part,
            own=own,
            service_id=pk,
            rules=self.rules,
            units=self.units,
            categories=self.by_id,
        )

    def mark(self, row: replies.Service, says: Sequence[Any]) -> bytes:
        """What a row of ours that says this was reckoned by."""
        return self.reckoning.of(self.place(row).pk, says[_CATEGORY])


def new_rows(
    numbers: Iterable[int], found: Sorted, means: Means, notes: digests.Notes, now: datetime
) -> Iterator[tuple[Any, ...]]:
    """The rows of new services, as `NEW` has them; what is to be remembered of them goes to `notes`."""
    for number in numbers:
        row = found.rows[number]
        says = means.says(row, own=NOTHING, pk=None, part=None)
        notes.add(number, found.digests[number], means.mark(row, says))
        held = means.place(row).holds_new
        yield number, now, now, held, held, *says


def compare(numbers: Sequence[int], found: Sorted, means: Means, notes: digests.Notes) -> dict[int, dict[str, Any]]:
    """What is wanted of the services that say something else, by our numbers; the others go to `notes`."""
    changed: dict[int, dict[str, Any]] = {}
    for number, pk, *kept in ours(numbers, *_KEPT, *WANTED):
        row, own, said = found.rows[number], Own(*kept[: len(OWN)]), tuple(kept[len(OWN) :])
        says = means.says(row, own=own, pk=pk, part=said[_PART])
        if said != says:
            changed[pk] = dict(zip(WANTED, says, strict=True))
        else:
            notes.add(number, found.digests[number], means.mark(row, says))
    return changed


def ours(numbers: Sequence[int], *fields: str) -> Iterator[tuple[Any, ...]]:
    """Fields of our services by the vendor's numbers, which come first of them; `numbers` may be of no service.

    Tuples, since a model for each is as heavy as all the rest.
    """
    every = Service.objects.order_by()
    if len(numbers) > _MANY:
        wanted = set(numbers)
        for row in every.values_list(*fields).iterator(chunk_size=5000):
            if row[0] in wanted:
                yield row
        return
    for start in range(0, len(numbers), _CHUNK):
        yield from every.filter(upstream_id__in=numbers[start : start + _CHUNK]).values_list(*fields)
