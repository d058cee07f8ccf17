"""Copy the vendor's catalogue into ours: fetch, compare, one atomic write.

Services that vanish are withdrawn, never deleted. An answer that is empty, or that would withdraw more than
a fifth of what is on sale, changes nothing and alerts: a vendor's hiccup must not empty the shop.

Most rows are those of the last time, and are neither read nor compared: `catalog/digests.py`. Once a day every row is.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from catalog import blocked, changes, digests, floored, lock, touched
from catalog.compare import NEW, Means, compare, new_rows, ours
from catalog.figures import word
from catalog.listing import Listing
from catalog.models import Category, PriceChange, Service, ShelfChange, Subcategory, SyncRun
from catalog.pricing import RuleBook
from catalog.rules import general_rows
from catalog.runs import SyncFailed, guard, name_skipped, synchronise
from core import bulk
from upstream import replies
from upstream.client import Client, UpstreamError, client
from upstream.rate_units import rate_units
from upstream.replies import tidy

log = logging.getLogger(__name__)

__all__ = ["SyncFailed", "sync_catalog"]

KIND = "catalogue"
LEARN_AGAIN = timedelta(hours=24)
WHOLE_AGAIN = timedelta(hours=24)
CHUNK = 500


@dataclass
class Fetched:
    """The vendor's catalogue as it answered: its rows, and what is known of subcategories."""

    listing: Listing
    categories: list[replies.Category]
    # (category, subcategory) of a service, for the categories that were asked this time.
    places: dict[int, tuple[str, str]]
    learned: set[str]


def sync_catalog(*, accept_withdrawals: bool = False, whole: bool = False, vendor: Client | None = None) -> SyncRun:
    """Bring our copy up to date and return the run's record. Raises `SyncFailed`; then nothing has changed.

    `accept_withdrawals` is the operator's word that a large withdrawal is meant; `whole`, that every row shall be
    compared, also those that need no second look. Each day's first sync is whole.
    """

    def write(fetched: Fetched, run: SyncRun) -> None:
        _write(fetched, run, whole=whole, accept_withdrawals=accept_withdrawals, now=timezone.now())

    return synchronise(kind=KIND, fetch=lambda: _fetch(vendor or client()), write=write)


# ── Fetch ──────────────────────────────────────────────────────────────────────────────────────────


def _fetch(vendor: Client) -> Fetched:
    listed = [
        replies.Category(category=tidy(c.category), subcategories=[s for s in map(tidy, c.subcategories or []) if s])
        for c in vendor.categories()
    ]
    fetched = Fetched(Listing(vendor.service_rows()), categories=listed, places={}, learned=set())
    # A service whose row was seen before is no news.
    for category in _to_learn(listed, fetched.listing.read(but=digests.seen())):
        _learn(vendor, category, fetched)
    return fetched


def _to_learn(listed: list[replies.Category], rows: Collection[replies.Service]) -> list[replies.Category]:
    """Categories whose subcategories must be asked for: never asked, asked long ago, or with new services."""
    fresh_enough = set(
        Category.objects.filter(learned_at__gt=timezone.now() - LEARN_AGAIN).values_list("vendor_name", flat=True)
    )
    known = {number for (number,) in ours([row.service for row in rows], "upstream_id")}
    with_news = {word(row.category) for row in rows if row.service not in known}
    return [c for c in listed if c.subcategories and (c.category not in fresh_enough or c.category in with_news)]


def _learn(vendor: Client, category: replies.Category, fetched: Fetched) -> None:
    """Ask once per (category, subcategory) pair (ruling 1). A failure only leaves things as they were known."""
    found: dict[int, tuple[str, str]] = {}
    try:
        for name in category.subcategories or ():
            for row in vendor.services(category=category.category, subcategory=name).good:
                found.setdefault(row.service, (category.category, name))
    except UpstreamError as error:
        log.warning("subcategories of %r not learned: %s", category.category, error)
        return
    fetched.places.update(found)
    fetched.learned.add(category.category)


# ── Write ──────────────────────────────────────────────────────────────────────────────────────────


def _write(fetched: Fetched, run: SyncRun, *, whole: bool, accept_withdrawals: bool, now: datetime) -> None:
    lock.shelf()
    is_watched = touched.is_watched()
    if is_watched:
        digests.forget(touched.take())
    else:
        log.warning("triggers of the catalogue are missing, so every row is compared: run `manage.py migrate`")
        digests.forget_all()
    run.whole = whole or not is_watched or _whole_is_due(now)
    rules, units = general_rows(), rate_units()
    shelf = digests.shelf(digests.Reckoning(rules, units, Category.objects.in_bulk()))
    vouched = _not_learned(shelf.vouched, fetched)
    found = fetched.listing.sort({} if run.whole else vouched)
    if not found.same and not found.rows:
        raise SyncFailed("the vendor's catalogue came back empty")
    on_sale = {number for number, state in shelf.states.items() if state == Service.State.ON_SALE}
    gone = [shelf.numbers[number] for number in on_sale - found.mentioned]
    if not accept_withdrawals:
        guard(on_sale=len(on_sale), gone=len(gone), command="sync_catalog")

    categories = _categories(fetched, found.rows.values(), now)
    subcategories = _subcategories(fetched, categories)
    by_id = Category.objects.in_bulk()
    reckoning = digests.Reckoning(rules, units, by_id)
    means = Means(
        fetched.places, fetched.learned, categories, subcategories, RuleBook(rules), units, by_id, reckoning, {}
    )
    notes = digests.Notes()
    new = [number for number in found.rows if number not in shelf.states]
    bulk.create_each(Service, NEW, new_rows(new, found, means, notes, now))
    changed = compare([number for number in found.rows if number in shelf.states], found, means, notes)
    if is_watched:
        notes.keep()
    _look_at_faults(changed, found.digests, vouched)
    news, moved = _change(changed, now)
    # Only from WITHDRAWN: a service that was suspended meanwhile stays off sale.
    withdrawn = [number for number, state in shelf.states.items() if state == Service.State.WITHDRAWN]
    returned = [shelf.numbers[number] for number in withdrawn if number in found.same or number in found.rows]
    for start in range(0, len(returned), CHUNK):
        back = Service.objects.filter(pk__in=returned[start : start + CHUNK], state=Service.State.WITHDRAWN)
        back.update(state=Service.State.ON_SALE, withdrawn_at=None, changed_at=now)
    for start in range(0, len(gone), CHUNK):
        Service.objects.filter(pk__in=gone[start : start + CHUNK]).update(
            state=Service.State.WITHDRAWN, withdrawn_at=now, changed_at=now
        )

    if new or news & {"name", "category_id"}:
        blocked.mark()
    floored.look(now=now)
    if shelf.states:  # a shop that opens has no news
        _tell(new, returned, gone, moved, now)

    run.seen, run.added, run.withdrawn = len(found.same) + len(found.rows), len(new), len(gone)
    run.changed = len(set(changed) | set(returned))
    name_skipped(run, found.skipped)


def _whole_is_due(now: datetime) -> bool:
    """Whether no sync has compared every row for a day: what we get wrong here is right again by then."""
    lately = SyncRun.objects.filter(kind=KIND, ok=True, whole=True, finished_at__gt=now - WHOLE_AGAIN)
    return not lately.exists()


def _not_learned(vouched: Mapping[bytes, int], fetched: Fetched) -> Mapping[bytes, int]:
    """Those of which nothing was asked this time: a row does not tell its subcategory."""
    if not fetched.learned:
        return vouched
    asked = Service.objects.filter(vendor_category__vendor_name__in=fetched.learned)
    again = set(asked.values_list("upstream_id", flat=True)) | fetched.places.keys()
    return {digest: number for digest, number in vouched.items() if number not in again}


def _look_at_faults(changed: Collection[int], its: Mapping[int, bytes], vouched: Mapping[bytes, int]) -> None:
    """Say so when a whole comparison finds what should have needed no second look. `its`: digests by number."""
    if not changed:
        return
    numbers = Service.objects.filter(pk__in=list(changed)[:CHUNK]).values_list("upstream_id", flat=True)
    wrong = [number for number in numbers if vouched.get(its[number]) == number]
    # What was changed since this sync took the notes is no fault.
    if wrong and (wrong := sorted(set(wrong) - touched.lately())):
        log.error("the vendor's services %s were changed behind the back of the triggers", wrong[:20])


def _change(changed: Mapping[int, Mapping[str, Any]], now: datetime) -> tuple[set[str], list[changes.Moved]]:
    """Write down what is wanted of the services with these numbers; which fields that changed, and which prices."""
    touched: set[str] = set()
    moved: list[changes.Moved] = []
    prices: list[PriceChange] = []
    numbers = list(changed)
    for start in range(0, len(numbers), CHUNK):
        services = list(Service.objects.in_bulk(numbers[start : start + CHUNK]).values())
        its: set[str] = {"changed_at"}
        for service in services:
            wanted = changed[service.pk]
            differing = {name for name, value in wanted.items() if getattr(service, name) != value}
            if "price" in differing:
                moved.append((service, service.price, wanted["price"]))
            if differing & {"rate", "price"}:
                prices.append(
                    PriceChange(
                        service=service,
                        old_rate=service.rate,
                        new_rate=wanted["rate"],
                        old_price=service.price,
                        new_price=wanted["price"],
                        changed_at=now,
                    )
                )
            for name in differing:
                setattr(service, name, wanted[name])
            service.changed_at = now
            its |= differing
        bulk.update(services, sorted(its))
        touched |= its
    PriceChange.objects.bulk_create(prices, batch_size=500)
    return touched, moved


def _tell(new: list[int], returned: list[int], gone: list[int], moved: Sequence[changes.Moved], now: datetime) -> None:
    """Write down what customers may hear of: the new ones by the vendor's numbers, the others by ours."""
    Kind = ShelfChange.Kind
    # What is held is news once somebody shows it.
    every = Service.objects.order_by("pk")
    for kind, among, field, numbers in (
        (Kind.NEW, every.filter(held=False), "upstream_id", new),
        (Kind.BACK, every, "pk", returned),
        (Kind.GONE, every, "pk", gone),
    ):
        for start in range(0, len(numbers), CHUNK):
            some = among.filter(**{f"{field}__in": numbers[start : start + CHUNK]})
            changes.note(services=some, kind=kind, now=now)
    changes.note_prices(moved=moved, now=now)
    changes.forget(now=now)


def _categories(fetched: Fetched, rows: Iterable[replies.Service], now: datetime) -> dict[str, int]:
    """Ids by the vendor's name, of every category listed or named by one of `rows`; missing ones are made."""
    names = dict.fromkeys([c.category for c in fetched.categories] + [word(row.category) for row in rows])
    known = _ids_of_categories()
    missing = [name for name in names if name and name not in known]
    # One of our own that is called just so is the vendor's from now on.
    wanted = set(missing)  # the vendor says how many: more, perhaps, than a query takes values
    for category in Category.objects.filter(vendor_name=None).order_by("-pk"):
        if category.name in wanted and category.name not in known:
            category.vendor_name = category.name
            category.save(update_fields=["vendor_name"])
            known[category.name] = category.pk
    Category.objects.bulk_create([Category(name=name, vendor_name=name) for name in missing if name not in known])
    Category.objects.filter(vendor_name__in=fetched.learned).update(learned_at=now)
    return _ids_of_categories()


def _ids_of_categories() -> dict[str, int]:
    return {name: pk for name, pk in Category.objects.values_list("vendor_name", "pk") if name is not None}


def _subcategories(fetched: Fetched, categories: dict[str, int]) -> dict[tuple[str, str], int]:
    """Ids by (category, subcategory); missing ones are made."""
    names = {pk: name for name, pk in categories.items()}
    known = {(names[c], name): pk for c, name, pk in Subcategory.objects.values_list("category_id", "name", "pk")}
    wanted = dict.fromkeys((c.category, sub) for c in fetched.categories for sub in c.subcategories or () if c.category)
    Subcategory.objects.bulk_create(
        [
            Subcategory(category_id=categories[category], name=name)
            for category, name in wanted
            if (category, name) not in known
        ]
    )
    return {(names[c], name): pk for c, name, pk in Subcategory.objects.values_list("category_id", "name", "pk")}
