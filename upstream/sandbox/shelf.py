"""What the vendor has on sale now, and its JSON, kept as bytes row by row.

An order changes one row's stock, so only that row is written again, however long the catalogue is.
"""

import json
import math
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from upstream.sandbox.catalogue import UNLISTED, Service

CHANGEABLE = {
    "name": str,
    "category": str,
    "subcategory": str,
    "type": str,
    "description": str,
    "behaviour": str,
    "min": int,
    "max": int,
    "stock": int,
    "refill": bool,
    "cancel": bool,
    "auto": bool,
    "gone": bool,
}


class Shelf:
    """The services by number. Not thread-safe: the vendor's lock guards it."""

    def __init__(self, services: Iterable[Service], seed: int) -> None:
        self.services = {service.id: service for service in services}
        self._seed = seed
        self._rows: dict[int, bytes] = {}
        self._everything: bytes | None = None
        self.changes = 0  # rows changed since the start
        self._index()

    def _index(self) -> None:
        self._by_category: dict[str, list[Service]] = {}
        self._by_subcategory: dict[str, list[Service]] = {}
        for service in self.services.values():
            self._by_category.setdefault(service.category, []).append(service)
            self._by_subcategory.setdefault(service.subcategory, []).append(service)

    def get(self, service_id: int) -> Service | None:
        """The service, unless the vendor no longer has it."""
        service = self.services.get(service_id)
        return None if service is None or service.gone else service

    def take(self, service: Service, quantity: int) -> None:
        """Take from the stock; a negative quantity puts back."""
        service.stock -= quantity
        self._changed(service)

    def change(self, service_id: int, **fields: Any) -> Service:
        """Change a row by hand: `rate` as text, and the fields of `CHANGEABLE`."""
        service = self.services.get(service_id)
        if service is None:
            raise ValueError(f"There is no service {service_id}.")
        clean: dict[str, Any] = {}
        for name, value in fields.items():
            if name == "rate":
                clean[name] = _rate(value)
            elif name not in CHANGEABLE:
                raise ValueError(f"A service has no field {name!r} to change.")
            elif type(value) is not CHANGEABLE[name]:
                raise ValueError(f"{name} must be of type {CHANGEABLE[name].__name__}.")
            else:
                clean[name] = value
        for name, value in clean.items():
            setattr(service, name, value)
        self._changed(service)
        if {"category", "subcategory"} & clean.keys():
            self._index()
        return service

    def _changed(self, service: Service) -> None:
        self.changes += 1
        self._rows.pop(service.id, None)
        self._everything = None

    def recall(self, services: dict[int, Service]) -> None:
        """Have these services on sale instead."""
        self.services = services
        self._rows.clear()
        self._everything = None
        self._index()

    def categories(self) -> list[dict[str, Any]]:
        """The listed categories with their subcategories, in the order of the catalogue."""
        found: dict[str, dict[str, None]] = {}
        for service in self.services.values():
            if service.category not in UNLISTED and not service.gone:
                subcategories = found.setdefault(service.category, {})
                if service.subcategory:
                    subcategories[service.subcategory] = None
        return [{"category": name, "subcategories": list(subs)} for name, subs in found.items()]

    def listing(self, *, category: str, subcategory: str, page: int, limit: int, hidden: frozenset[int]) -> bytes:
        """The answer of `services`, as JSON. A limit of 0 means all; `hidden` are left out."""
        whole = not (category or subcategory or limit or hidden)
        if whole and self._everything is not None:
            return self._everything
        chosen = [s for s in self._select(category, subcategory) if not s.gone and s.id not in hidden]
        total = len(chosen)
        if limit:
            start = (page - 1) * limit
            chosen, pages = chosen[start : start + limit], math.ceil(total / limit)
        else:
            page, limit, pages = 1, total, 1
        rows = b",".join([self._row(service) for service in chosen])
        answer = b'{"services":[%b],"total":%d,"page":%d,"limit":%d,"total_pages":%d}' % (
            rows,
            total,
            page,
            limit,
            pages,
        )
        if whole:
            self._everything = answer
        return answer

    def _select(self, category: str, subcategory: str) -> Iterator[Service]:
        if category:
            for service in self._by_category.get(category, []):
                if not subcategory or service.subcategory == subcategory:
                    yield service
        elif subcategory:
            yield from self._by_subcategory.get(subcategory, [])
        else:
            yield from self.services.values()

    def _row(self, service: Service) -> bytes:
        row = self._rows.get(service.id)
        if row is None:
            fields = {
                "service": service.id,
                "name": service.name,
                "type": service.type,
                "category": service.category,
                "rate": format(service.rate, "f"),
                "min": service.min,
                "max": service.max,
                "refill": service.refill,
                "cancel": service.cancel,
                "stock": service.stock,
                "entityType": service.entity,
                "autoDelivery": service.auto,
                # What the contract does not mention and the live one sends.
                "id": f"{self._seed & 0xFFFFFF:06x}{service.id:018x}",
                "description": service.description,
            }
            row = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
            self._rows[service.id] = row
        return row


def _rate(value: Any) -> Decimal:
    try:
        rate = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("The rate must be a number.") from None
    if not rate.is_finite():
        raise ValueError("The rate must be a number.")
    return rate
