"""Say something else of services than the vendor does, or take it back. What is said here outlives every sync."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from catalog import blocked, changes, floored, lock
from catalog.keep_changes import keep_changes
from catalog.models import Category, Service
from catalog.own import Own, Shape, Told, holds, search_text
from catalog.pricing import least_price
from catalog.rules import general
from core.money import show

# What can be said of a service, and what takes it back.
NOTHING: dict[str, Any] = {
    "own_name": "",
    "name_zh": "",
    "description": "",
    "description_zh": "",
    "own_category_id": None,
    "own_price": None,
}
_BATCH = 500


class TooLow(Exception):
    """An own price that is below cost and minimum margin; `least` is the lowest in USD that is not."""

    def __init__(self, *, least: Decimal, service: Service, more: int) -> None:
        self.least = least
        others = f", and {more:,} others need more than you entered" if more else ""
        super().__init__(
            f"At least {show(least)} for service {service.pk}: its cost and the minimum margin of its rule{others}."
        )


def override(*, wishes: Mapping[int, Mapping[str, Any]], now: datetime) -> int:
    """Write what is said of each service (by id; fields of `NOTHING`, and `position`); returns how many changed.

    All of them or none. Raises `TooLow`.
    """
    with transaction.atomic():
        lock.shelf()
        rules, categories = general(), Category.objects.in_bulk()
        changed: list[Service] = []
        moved: list[tuple[Service, Decimal, Decimal]] = []
        low: list[tuple[Service, Decimal]] = []
        touched: set[str] = set()
        for service in _services(wishes):
            before = {name: getattr(service, name) for name in (*wishes[service.pk], *Shape._fields)}
            for name, value in wishes[service.pk].items():
                setattr(service, name, value)
            shape = holds(
                told=Told.of(service),
                own=Own.of(service),
                service_id=service.pk,
                rules=rules,
                categories=categories,
            )
            for name, value in shape._asdict().items():
                setattr(service, name, value)
            differing = {name for name, value in before.items() if getattr(service, name) != value}
            if not differing:
                continue
            if "own_price" in differing and service.own_price is not None:
                rule = rules.rule_for(**_place(service))
                least = least_price(service.rate, rule)
                if service.own_price < least:
                    low.append((service, least))
            if "price" in differing:
                moved.append((service, before["price"], service.price))
            service.changed_at = now
            touched |= differing | {"changed_at"}
            changed.append(service)
        if low:
            service, least = max(low, key=lambda pair: pair[1])
            raise TooLow(least=least, service=service, more=len(low) - 1)
        if changed:
            Service.objects.bulk_update(changed, sorted(touched), batch_size=_BATCH)
            _note(moved, now)
            if touched & {"search_text", "category_id"}:
                blocked.mark()
            floored.look(now=now)
    return len(changed)


def least_own_price(service: Service, own_category_id: int | None) -> Decimal:
    """The lowest own price in USD that the service may have, were it in this category of ours (None: the vendor's)."""
    told = Told.of(service)
    category_id = own_category_id or told.category_id
    place = {
        "service_id": service.pk,
        "subcategory_id": told.subcategory_id if category_id == told.category_id else None,
        "category_id": category_id,
    }
    return least_price(service.rate, general().rule_for(**place))


def _services(wishes: Mapping[int, Any]) -> list[Service]:
    ids = sorted(wishes)
    return [
        service
        for start in range(0, len(ids), _BATCH)
        for service in Service.objects.filter(pk__in=ids[start : start + _BATCH]).order_by("pk")
    ]


def _place(service: Service) -> dict[str, Any]:
    return {
        "service_id": service.pk,
        "subcategory_id": service.subcategory_id,
        "category_id": service.category_id,
    }


def _note(moved: list[tuple[Service, Decimal, Decimal]], now: datetime) -> None:
    keep_changes(moved=moved, now=now)
    changes.note_prices(moved=moved, now=now)


def renamed_category(category: Category) -> None:
    """What searches read of a category's services follows its new name, and so does what the blocklist says."""
    with transaction.atomic():
        lock.shelf()
        services = list(Service.objects.filter(category=category).only("name", "name_zh", "search_text"))
        for service in services:
            service.search_text = search_text(service.name, service.name_zh, category)
        Service.objects.bulk_update(services, ["search_text"], batch_size=_BATCH)
        blocked.mark()
