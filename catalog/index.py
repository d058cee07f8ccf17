"""What a search reads of every service on the shelf, in the process's own memory, in the shop's order.

A search as somebody types is a look through all names for pieces of words. SQLite takes a second for that with 100,000
services, PostgreSQL most of a tenth; going through a list of texts takes a few milliseconds, and about 200 bytes a
service. The list is read again when the mark of the catalogue is another one, as long as that takes less than a tenth
of the time: a shop of some thousands of services always sees the newest, one of 100,000 is some seconds behind while it
changes. Whoever uses what is found asks the database whether it is still on sale.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from catalog import edition
from catalog.search import SORTS, on_shelf

# So many times as long as reading takes, what was read is good even if the catalogue changed.
GOOD_FOR = 10
# Reading that is quicker than this is done whenever something changed; seconds.
QUICK = 0.1


@dataclass(frozen=True)
class Texts:
    """The shelf as it was at `mark`."""

    mark: edition.Mark
    pks: list[int]
    texts: list[str]
    read_at: float
    cost: float
    """Seconds that reading took."""

    def find(self, words: Sequence[str]) -> list[int]:
        """The services that have every word, folded as `search.fold` does, or are called by its number."""
        places: Sequence[int] = range(len(self.pks))
        for word in words:
            texts = self.texts
            hits = [place for place in places if word in texts[place]]
            number = int(word) if word.isascii() and word.isdigit() and len(word) < 16 else None
            if number is not None and number in self.pks:
                place = self.pks.index(number)
                if place in places and word not in texts[place]:
                    hits = sorted([*hits, place])
            places = hits
        return [self.pks[place] for place in places]


class _Index:
    """The texts of this process; read by one thread at a time while the others go on with what there is."""

    def __init__(self) -> None:
        self._reading = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self._texts: Texts | None = None

    def texts(self, mark: edition.Mark) -> Texts:
        """What to search in; `mark` is the catalogue's of now."""
        known = self._texts
        if known is not None and (known.mark == mark or not self._is_due(known)):
            return known
        free = self._reading.acquire(blocking=known is None)
        if known is not None and not free:
            return known  # another thread is reading
        try:
            if self._texts is not known and self._texts is not None:
                return self._texts  # another thread has just read it
            began = time.monotonic()
            rows = on_shelf().order_by(*SORTS["name"]).values_list("pk", "search_text")
            pks, texts = [], []
            for pk, text in rows.iterator(chunk_size=5000):
                pks.append(pk)
                texts.append(text)
            ended = time.monotonic()
            self._texts = read = Texts(mark, pks, texts, ended, ended - began)
            return read
        finally:
            self._reading.release()

    @staticmethod
    def _is_due(known: Texts) -> bool:
        return known.cost < QUICK or time.monotonic() - known.read_at > known.cost * GOOD_FOR


index = _Index()


def find(words: Sequence[str]) -> list[int]:
    """The numbers of the services on the shelf that have every word, in the shop's order."""
    return index.texts(edition.mark()).find(words)
