"""The vendor's answer row by row, as bytes: a row is read only when somebody has to know what it says."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from catalog import digests
from catalog.figures import word
from upstream import replies
from upstream.replies import SkippedRow, tidy

# Rows that are read in one go; a bad one among them makes it one by one.
_MANY = 5000


class Sorted(NamedTuple):
    """The rows by what is to be done with them."""

    same: set[int]
    """The vendor's numbers of services whose rows need no second look."""
    rows: dict[int, replies.Service]
    """What is to be compared, by the vendor's numbers."""
    digests: dict[int, bytes]
    """Of the bytes of `rows`."""
    skipped: list[SkippedRow]

    @property
    def mentioned(self) -> set[int]:
        """Numbers that the answer speaks of: a row we can't read is no sign that its service is gone."""
        return self.same | set(self.rows) | {row.id for row in self.skipped if isinstance(row.id, int)}


class Listing:
    """The rows of one answer. What was read is kept, its bytes are not."""

    def __init__(self, rows: Sequence[msgspec.Raw]) -> None:
        self._bytes: dict[int, msgspec.Raw] = dict(enumerate(rows))
        self._digests = [digests.of(row) for row in rows]
        self._read: dict[int, replies.Service] = {}
        self._bad: dict[int, SkippedRow] = {}

    def read(self, *, but: Collection[bytes]) -> Collection[replies.Service]:
        """Read the rows whose digests are not among these; returns all good ones that were read until now."""
        places = [place for place in self._bytes if self._digests[place] not in but]
        for start in range(0, len(places), _MANY):
            some = {place: self._bytes.pop(place) for place in places[start : start + _MANY]}
            good, bad = replies.read_services(some)
            self._read.update(good)
            self._bad.update(bad)
        return self._read.values()

    def sort(self, vouched: Mapping[bytes, int]) -> Sorted:
        """What is to be done with each row: those that are `vouched` for, by digest with the vendor's numbers, nothing.

        Of rows with one number the first one counts.
        """
        self.read(but=vouched.keys())
        same: set[int] = set()
        rows: dict[int, replies.Service] = {}
        its: dict[int, bytes] = {}
        skipped = [self._bad[place] for place in sorted(self._bad)]
        for place, digest in enumerate(self._digests):
            number = vouched.get(digest)
            told = None
            if number is None:
                told = self._read.get(place)
                if told is None:
                    continue  # a bad one
                number = told.service
            if number in same or number in rows:
                skipped.append(SkippedRow(id=number, why=f"service {number} is listed twice"))
            elif told is None:
                same.add(number)
            elif not _is_named(told):
                skipped.append(SkippedRow(id=number, why=f"service {number} has no name"))
            else:
                rows[number], its[number] = told, digest
        return Sorted(same, rows, its, skipped)


def _is_named(row: replies.Service) -> bool:
    # A letter or digit is left, whatever else goes: nearly every name begins with one.
    return bool((row.name[0].isalnum() or tidy(row.name)) and word(row.category))
