"""Lists of the admin that stay quick on millions of rows: how they are counted, and how they are searched."""

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.utils import parse_date_str

# So many rows can be paged through; older ones are reached by filters, dates and the search.
MOST = 10_000
# So many of the newest rows are looked for in each way in which a search may be meant.
FOUND = 500
# The largest id a database column keeps; a longer number in a search box is no id.
LARGEST_ID = 2**63 - 1

# What a search may mean: the condition for a text, each served by an index; None where it can't be meant.
Way = Callable[[str], Q | None]


class CappedPaginator(Paginator):
    """Counts no further than `MOST`, since counting all takes as long as walking through all."""

    template_name = "admin/pagination_capped.html"
    object_list: Any

    @cached_property
    def count(self) -> int:
        """How many rows there are to page through."""
        return min(self._counted, MOST)

    @property
    def capped(self) -> bool:
        """Whether there are more than that."""
        return self._counted > MOST

    @cached_property
    def _counted(self) -> int:
        if not isinstance(self.object_list, QuerySet):
            return len(self.object_list)
        return int(self.object_list.order_by()[: MOST + 1].count())


def by_numbers(*columns: str) -> Way:
    """A whole number, with or without `#`, that stands in one of the columns."""

    def way(text: str) -> Q | None:
        number = as_number(text)
        if number is None:
            return None
        found = Q()
        for column in columns:
            found |= Q(**{column: number})
        return found

    return way


def by_text(column: str, change: Callable[[str], str] = str) -> Way:
    """The whole text of an indexed column, after `change`."""
    return lambda text: Q(**{column: change(text)})


def as_number(text: str) -> int | None:
    """The id that was typed; None for anything else."""
    number = text.strip().removeprefix("#")
    fits = number.isascii() and number.isdigit() and int(number[:20]) <= LARGEST_ID
    return int(number) if fits else None


def search(rows: QuerySet[Any], text: str, ways: Sequence[Way]) -> QuerySet[Any]:
    """Those of `rows` that the text may mean, the newest `FOUND` in each way.

    Each way is a query of its own: one condition made of all of them would keep the database from using their
    indexes, and walk through the whole table instead.
    """
    ids: set[int] = set()
    for way in ways:
        meant = way(text)
        if meant is not None:
            ids.update(rows.filter(meant).order_by("-pk").values_list("pk", flat=True)[:FOUND])
    return rows.filter(pk__in=ids)


class DaysFilter(RangeDateFilter):
    """From a day to a day, both included, as the reader's clock has them: the way to what is older than `MOST` rows."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those rows; a day that can't be read asks for nothing."""
        for end, lookup, days in (("from", "gte", 0), ("to", "lt", 1)):
            day = parse_date_str(str(self.used_parameters.get(f"{self.field_path}_{end}") or ""))
            if day is not None:
                moment = timezone.make_aware(datetime.combine(day + timedelta(days=days), time()))
                queryset = queryset.filter(**{f"{self.field_path}__{lookup}": moment})
        return queryset
