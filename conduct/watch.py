"""Which links are refused: the blocklist as each process keeps it, read again as soon as it is another.

One small look-up a purchase says whether it is; nothing is kept longer than that, so a change holds at once.
"""

from collections.abc import Iterable

from django.db.models import Subquery

from conduct.hosts import decoded, folded, host_of
from conduct.models import Block, Edition
from core.prepared import Prepared


class Watch:
    """The active entries about links."""

    def __init__(self, blocks: Iterable[Block] = ()) -> None:
        self._domains: dict[str, Block] = {}
        self._words: list[Block] = []
        for block in blocks:
            if block.kind == Block.Kind.DOMAIN:
                self._domains[block.match] = block
            elif block.kind == Block.Kind.WORD:
                self._words.append(block)

    def find(self, link: str) -> Block | None:
        """The entry that forbids this link, if one does."""
        if not link or not (self._domains or self._words):
            return None
        host = host_of(link) if self._domains else ""
        labels = host.split(".") if host else []
        for start in range(len(labels)):
            found = self._domains.get(".".join(labels[start:]))
            if found:
                return found
        # The host as it is read as well: a word may stand in its letters, spelt as xn--.
        text = f"{folded(link)} {folded(decoded(link))} {host or host_of(link)}" if self._words else ""
        return next((block for block in self._words if block.match in text), None)


def mark() -> Subquery:
    """In a query: the mark of the list that holds now, for `of`."""
    return Subquery(Edition.objects.filter(pk=1).values("mark"))


_MARK = Prepared(lambda: Edition.objects.filter(pk=1).order_by().values_list("mark"))
_kept: tuple[str, Watch] = ("", Watch())


def now() -> Watch:
    """The list that holds now. One query; two when it is another than this process knew."""
    [mark] = _MARK.first() or [""]
    return of(mark)


def of(mark: str | None) -> Watch:
    """The list with this mark, which was read just now. One query when it is another than this process knew."""
    global _kept
    mark = mark or ""
    if mark != _kept[0]:
        kinds = [Block.Kind.DOMAIN, Block.Kind.WORD]
        _kept = mark, Watch(Block.objects.filter(active=True, kind__in=kinds).order_by("pk")) if mark else Watch()
    return _kept[1]
