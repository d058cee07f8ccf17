"""What a search reads of every service on the shelf, in the process's own memory, in the shop's order.

A search as somebody types is a look through all names for pieces of words. SQLite takes a second for that with 100,000
services, PostgreSQL most of a tenth. What is kept is each different word, of which there are few, with the places
where it stands. Going through them takes some milliseconds, and where a piece of a word was found is kept for the next
letters. They are read again when the mark of the catalogue is another one, as long as that takes less than a tenth of
the time: a shop of some thousands of services always sees the newest, one of 100,000 is some seconds behind while it
changes. Whoever uses what is found asks the database whether it is still on sale.
"""

import contextlib
import threading
import time
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, compress

from catalog import edition
from catalog.search import SORTS, on_shelf

# So many times as long as reading takes, what was read is good even if the catalogue changed.
GOOD_FOR = 10
# So many pieces of words are remembered, with a byte for each service.
PIECES = 24
# Reading that is quicker than this is done whenever something changed; seconds.
QUICK = 0.1


@dataclass(frozen=True)
class Texts:
    """The shelf as it was at `mark`."""

    mark: edition.Mark
    pks: list[int]
    words: dict[str, "array[int]"]
    """Each word of the shelf, with the places in `pks` of the services that have it."""
    read_at: float
    cost: float
    """Seconds that reading took."""
    pieces: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)
    """What `_having` said lately."""

    def find(self, words: Sequence[str]) -> list[int]:
        """The services that have every word, folded as `search.fold` does, or are called by its number.

        Each is a piece of one word: `words` have no spaces in them.
        """
        found: bytes | None = None
        for word in words:
            has = self.pieces.get(word)
            if has is None:
                has = self._having(word)
                if len(self.pieces) >= PIECES:
                    self.pieces.clear()
                self.pieces[word] = has
            found = has if found is None else _both(found, has)
        return self.pks[:] if found is None else list(compress(self.pks, found))

    def _having(self, piece: str) -> bytes:
        """For each place 1 or 0: whether a word there has this piece in it, or its number is this."""
        has = bytearray(len(self.pks))
        # Neither a word of the shelf nor one that was asked for has a space in it.
        for place in chain.from_iterable(places for word, places in self.words.items() if piece in word):
            has[place] = 1
        if piece.isascii() and piece.isdigit() and len(piece) < 16:
            with contextlib.suppress(ValueError):
                has[self.pks.index(int(piece))] = 1
        return bytes(has)


def _both(one: bytes, other: bytes) -> bytes:
    """1 where both are 1, at the speed of one large number."""
    return (int.from_bytes(one, "big") & int.from_bytes(other, "big")).to_bytes(len(one), "big")


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
            pks: list[int] = []
            words: dict[str, array[int]] = defaultdict(lambda: array("I"))
            for place, (pk, text) in enumerate(rows.iterator(chunk_size=5000)):
                pks.append(pk)
                for word in set(text.split()):
                    words[word].append(place)
            ended = time.monotonic()
            self._texts = read = Texts(mark, pks, dict(words), ended, ended - began)
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
