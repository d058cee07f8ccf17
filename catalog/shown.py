"""What the catalogue's pages show, kept in the process for as long as the catalogue is the same (`catalog/edition.py`).

Counting the shelf by categories and sorting it took the database longer than all else on the page. What is kept knows
nothing of who looks: prices on somebody's terms, favourites and balances are asked for each time.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.safestring import SafeString

from catalog import edition, index, tree
from catalog.models import Service
from catalog.search import Wanted, find, on_shelf

PER_PAGE = 50
# Pages kept: the first ones of what is looked at most. A page of 50 services weighs about 200 kB, and what is drawn of
# it 100 kB for each language, for visitors and for customers; rows that `catalog/rows.py` keeps as well are not copied.
KEPT = 64
# Seconds after which all is read again whatever the mark says: triggers may be switched off, or be lost on the way of a
# database from one server to another, and nobody would see it.
KEPT_FOR = 60


@dataclass(frozen=True)
class Tree:
    """What is on the shelf, beside every page that has the same category unfolded."""

    category_id: int | None
    categories: list[Any]
    """Each with its `count`."""
    subcategories: list[Any]
    """Those of the unfolded category."""
    drawn: dict[Hashable, SafeString] = field(default_factory=dict)
    """Its branches, by language and subcategory, once they have been drawn."""

    @property
    def total(self) -> int:
        """Services on the whole shelf."""
        return sum(each.count for each in self.categories)


@dataclass(frozen=True)
class Shown:
    """One page of what is wanted, with the tree beside it. Nobody changes what is in it."""

    tree: Tree
    category: Any
    subcategory: Any
    page: "Page[Service]"
    """Its services have their `category` and `speed` at hand."""
    mark: edition.Mark
    """The catalogue that it was found in: for words an older one, while the index of them is behind."""
    wanted: Wanted
    drawn: dict[Hashable, Any] = field(default_factory=dict)
    """Parts of the page, once they have been drawn (`core/templatetags/drawn.py`)."""
    rows: dict[Hashable, list[SafeString]] = field(default_factory=dict)
    """The rows on general prices and without stars, once they have been drawn: by language, whether somebody is
    signed in, and the second currency."""

    @cached_property
    def pks(self) -> list[int]:
        """The services of the page."""
        return [each.pk for each in self.page]


Key = TypeVar("Key", bound=Hashable)
Thing = TypeVar("Thing")


class _Kept(Generic[Key, Thing]):
    """What is the same as long as the catalogue is: of one edition, those asked for last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self._mark: edition.Mark | None = None
        self._good_until = 0.0
        self._pages: OrderedDict[Key, Thing] = OrderedDict()

    def get(self, mark: edition.Mark, key: Key) -> Thing | None:
        with self._lock:
            now = time.monotonic()
            if mark != self._mark or now > self._good_until:
                self._mark, self._good_until = mark, now + KEPT_FOR
                self._pages.clear()
            found = self._pages.get(key)
            if found is not None:
                self._pages.move_to_end(key)
            return found

    def put(self, mark: edition.Mark, key: Key, shown: Thing) -> None:
        with self._lock:
            if mark != self._mark:
                return  # another edition came meanwhile
            self._pages[key] = shown
            if len(self._pages) > KEPT:
                self._pages.popitem(last=False)


kept: _Kept[tuple[Wanted, str], Shown] = _Kept()
# By the category whose parts are unfolded. Apart from the pages, for all searches of somebody who types show one tree.
trees: _Kept[int | None, Tree] = _Kept()


def look(wanted: Wanted, page: str) -> Shown:
    """The page (`page` as it stands in the address, empty for the first) of what is wanted.

    Somebody's favourites are read each time.
    """
    mark, key = edition.mark(), (wanted, page)
    if wanted.favourites_of or len(page) > 5:
        return _read(wanted, page, mark)
    found = kept.get(mark, key)
    if found is None:
        found = _read(wanted, page, mark)
        if found.mark == mark:
            kept.put(mark, key, found)
    return found


def _tree(category_id: int | None, mark: edition.Mark) -> Tree:
    found = trees.get(mark, category_id)
    if found is None:
        found = Tree(category_id, tree.categories(), tree.subcategories(category_id))
        trees.put(mark, category_id, found)
    return found


def _read(wanted: Wanted, number: str, mark: edition.Mark) -> Shown:
    beside = _tree(wanted.category_id, mark)
    category = next((each for each in beside.categories if each.pk == wanted.category_id), None)
    subcategory = next((each for each in beside.subcategories if each.pk == wanted.subcategory_id), None)
    shelf = _Found(wanted, mark) if wanted.is_words_alone else _Shelf(_whole(find(wanted)), mark)
    if not wanted.narrowed:
        # The tree has counted it already.
        shelf.known = _counted(wanted, beside, category, subcategory)
    page = shelf.get_page(number or None)
    page.object_list = list(page.object_list)
    # The count is known by now; all that was found may be 100,000 numbers, for each page that is kept.
    shelf.object_list = []
    return Shown(beside, category, subcategory, page, shelf.mark, wanted)


def _whole(services: "QuerySet[Service]") -> "QuerySet[Service]":
    """With all that a row shows."""
    return services.select_related("category", "speed")


class _Shelf(Paginator):
    """Pages of services, found in the catalogue of that mark; a count that is known is not asked for again."""

    known: int | None = None

    def __init__(self, services: "QuerySet[Service] | list[int]", mark: edition.Mark) -> None:
        super().__init__(services, PER_PAGE)
        self.mark = mark

    @cached_property
    def count(self) -> int:
        return super().count if self.known is None else self.known


class _Found(_Shelf):
    """Pages of what an index has found; each asks for its own services alone."""

    def __init__(self, wanted: Wanted, mark: edition.Mark) -> None:
        texts = index.index.texts(mark)
        super().__init__(texts.find(wanted.folded), texts.mark)

    def page(self, number: Any) -> "Page[Service]":
        page = super().page(number)
        # As it is sold now: what was found may be gone.
        there = _whole(on_shelf()).in_bulk(list(page.object_list))
        page.object_list = [there[pk] for pk in page.object_list if pk in there]
        return page


def _counted(wanted: Wanted, beside: Tree, category: Any, subcategory: Any) -> int | None:
    """How many services an unfiltered part of the tree has; None for a part that is not in it."""
    if wanted.category_id is not None and category is None:
        return 0
    if wanted.subcategory_id is not None:
        return subcategory.count if subcategory else None
    if category is not None:
        return int(category.count)
    return beside.total
