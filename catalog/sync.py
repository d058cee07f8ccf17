"""Copy the vendor's catalogue into ours: fetch, compare, one atomic write.

Services that vanish are withdrawn, never deleted. An answer that is empty, or that would withdraw more than
a fifth of what is on sale, changes nothing and alerts: a vendor's hiccup must not empty the shop.
"""

import functools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from catalog import blocked, changes, floored, lock
from catalog.models import Category, PriceChange, Service, ShelfChange, Subcategory, SyncRun
from catalog.own import Own, Told, holds
from catalog.pricing import RuleBook
from catalog.rules import general
from catalog.runs import SyncFailed, guard, name_skipped, synchronise
from core import bulk
from core.money import MICRO, round_up
from upstream import replies
from upstream.client import Client, UpstreamError, client
from upstream.rate_units import rate_units
from upstream.replies import tidy

log = logging.getLogger(__name__)

__all__ = ["SyncFailed", "sync_catalog"]

KIND = "catalogue"
LEARN_AGAIN = timedelta(hours=24)
CHUNK = 500
# What a comparison reads of our rows: what is the operator's and ours, then what `_figures` says, in its order.
_KEPT = ("pk", "upstream_id", "state", "own_name", "name_zh", "own_category_id", "own_price")
_WANTED = (
    *("name", "category_id", "subcategory_id", "price", "search_text"),
    *("vendor_name", "vendor_category_id", "vendor_subcategory_id", "type", "entity", "rate", "unit"),
    *("min", "max", "stock", "refill", "cancel", "auto_delivery"),
)
_WANTED_FROM = len(_KEPT)
_NOTHING = Own()
# Categories and types: the same few words in every row.
_word = functools.lru_cache(maxsize=10_000)(tidy)


@dataclass
class Fetched:
    """The vendor's catalogue as it answered: rows by service id, and what is known of subcategories."""

    rows: dict[int, replies.Service]
    categories: list[replies.Category]
    # (category, subcategory) of a service, for the categories that were asked this time.
    places: dict[int, tuple[str, str]]
    learned: set[str]
    skipped: list[replies.SkippedRow]


def sync_catalog(*, accept_withdrawals: bool = False, vendor: Client | None = None) -> SyncRun:
    """Bring our copy up to date and return the run's record. Raises `SyncFailed`; then nothing has changed.

    `accept_withdrawals` is the operator's word that a large withdrawal is meant.
    """

    def write(fetched: Fetched, run: SyncRun) -> None:
        if not fetched.rows:
            raise SyncFailed("the vendor's catalogue came back empty")
        on_sale = set(Service.objects.filter(state=Service.State.ON_SALE).values_list("upstream_id", flat=True))
        if not accept_withdrawals:
            guard(on_sale=len(on_sale), gone=len(on_sale - _mentioned(fetched)), command="sync_catalog")
        _write(fetched, run, now=timezone.now())

    return synchronise(kind=KIND, fetch=lambda: _fetch(vendor or client()), write=write)


# ── Fetch ──────────────────────────────────────────────────────────────────────────────────────────


def _fetch(vendor: Client) -> Fetched:
    listed = [
        replies.Category(category=tidy(c.category), subcategories=[s for s in map(tidy, c.subcategories or []) if s])
        for c in vendor.categories()
    ]
    answer = vendor.services()
    rows: dict[int, replies.Service] = {}
    skipped = list(answer.skipped)
    for row in answer.good:
        if row.service in rows:
            skipped.append(replies.SkippedRow(id=row.service, why=f"service {row.service} is listed twice"))
        elif not tidy(row.name) or not _word(row.category):
            skipped.append(replies.SkippedRow(id=row.service, why=f"service {row.service} has no name"))
        else:
            rows[row.service] = row
    fetched = Fetched(rows=rows, categories=listed, places={}, learned=set(), skipped=skipped)
    for category in _to_learn(listed, rows.values()):
        _learn(vendor, category, fetched)
    return fetched


def _to_learn(listed: list[replies.Category], rows: Iterable[replies.Service]) -> list[replies.Category]:
    """Categories whose subcategories must be asked for: never asked, asked long ago, or with new services."""
    fresh_enough = set(
        Category.objects.filter(learned_at__gt=timezone.now() - LEARN_AGAIN).values_list("vendor_name", flat=True)
    )
    known = set(Service.objects.values_list("upstream_id", flat=True))
    with_news = {_word(row.category) for row in rows if row.service not in known}
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


def _mentioned(fetched: Fetched) -> set[int]:
    """Ids the answer speaks of: a row we can't read is no sign that its service is gone."""
    return set(fetched.rows) | {row.id for row in fetched.skipped if isinstance(row.id, int)}


# ── Write ──────────────────────────────────────────────────────────────────────────────────────────


def _write(fetched: Fetched, run: SyncRun, *, now: datetime) -> None:
    lock.shelf()
    categories = _categories(fetched, now)
    subcategories = _subcategories(fetched, categories)
    rules, units = general(), rate_units()
    by_id = Category.objects.in_bulk()
    known = _known()

    new: list[dict[str, Any]] = []
    changed: dict[int, dict[str, Any]] = {}
    returned: list[int] = []
    for row in fetched.rows.values():
        category = categories[_word(row.category)]
        kept = known.get(row.service)
        place = fetched.places.get(row.service)
        if place:
            subcategory = subcategories.get(place)
        else:
            # Not asked this time, or the vendor lists it under none of them.
            relearned = _word(row.category) in fetched.learned
            subcategory = None if kept is None or relearned else kept.vendor_subcategory_id
        wanted = _figures(row, category, subcategory, rules, units, kept, by_id)
        if kept is None:
            held = _is_held(by_id[category])
            seen = {"first_seen_at": now, "changed_at": now, "held": held, "hidden": held}
            new.append({"upstream_id": row.service, **seen, **wanted})
            continue
        if kept.state == Service.State.WITHDRAWN:
            returned.append(kept.pk)
        if kept[_WANTED_FROM:] != tuple(wanted.values()):
            changed[kept.pk] = wanted

    bulk.create(Service, new)
    touched, moved = _change(changed, now)
    # Only from WITHDRAWN: a service that was suspended meanwhile stays off sale.
    for start in range(0, len(returned), 500):
        back = Service.objects.filter(pk__in=returned[start : start + 500], state=Service.State.WITHDRAWN)
        back.update(state=Service.State.ON_SALE, withdrawn_at=None, changed_at=now)
    mentioned = _mentioned(fetched)
    gone = [s.pk for s in known.values() if s.upstream_id not in mentioned and s.state == Service.State.ON_SALE]
    for start in range(0, len(gone), 500):
        Service.objects.filter(pk__in=gone[start : start + 500]).update(
            state=Service.State.WITHDRAWN, withdrawn_at=now, changed_at=now
        )

    if new or touched & {"name", "category_id"}:
        blocked.mark()
    floored.look(now=now)
    if known:  # a shop that opens has no news
        _tell([row["upstream_id"] for row in new], returned, gone, moved, now)

    run.seen, run.added, run.changed, run.withdrawn = len(fetched.rows), len(new), 0, len(gone)
    run.changed = len(set(changed) | set(returned))
    name_skipped(run, fetched.skipped)


def _known() -> dict[int, Any]:
    """What stands in our rows, by the vendor's number: tuples, since a model for each is as heavy as all the rest."""
    rows = Service.objects.order_by().values_list(*_KEPT, *_WANTED, named=True)
    return {row.upstream_id: row for row in rows.iterator(chunk_size=5000)}


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


def _is_held(category: Category) -> bool:
    """Whether what the vendor adds to the category waits until somebody has looked at it."""
    return (category.new_services or settings.NEW_SERVICES) == "hold"


def _figures(
    row: replies.Service,
    category_id: int,
    subcategory_id: int | None,
    rules: RuleBook[Any],
    units: dict[str, int],
    kept: Any,
    categories: Mapping[int, Category],
) -> dict[str, Any]:
    """What our row should say, by field name, in the order of `_WANTED`; `kept` is what it says, if it is there."""
    # A rate finer than a micro counts as the next one up: a cost is never underestimated.
    told = Told(tidy(row.name), category_id, subcategory_id, round_up(row.rate, MICRO))
    entity = Service.Entity.PRODUCT if row.entity_type == "product" else Service.Entity.SMM
    return {
        **holds(
            told=told,
            own=Own.of(kept) if kept else _NOTHING,
            service_id=kept.pk if kept else None,
            rules=rules,
            categories=categories,
        ),
        "vendor_name": told.name,
        "vendor_category_id": category_id,
        "vendor_subcategory_id": subcategory_id,
        "type": _word(row.type or "") or "Default",
        "entity": entity,
        "rate": told.rate,
        "unit": units[entity],
        "min": max(row.min, 1),
        "max": row.max,
        "stock": row.stock,
        "refill": bool(row.refill),
        "cancel": bool(row.cancel),
        "auto_delivery": row.auto_delivery is not False,
    }


def _categories(fetched: Fetched, now: datetime) -> dict[str, int]:
    """Ids by the vendor's name, of every category listed or named by a row; missing ones are made."""
    names = dict.fromkeys([c.category for c in fetched.categories] + [_word(r.category) for r in fetched.rows.values()])
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
