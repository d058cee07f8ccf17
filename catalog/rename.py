"""Other words in the names of many services: what it would make of each, to be looked at before it is done."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from catalog.models import Service

LONGEST = 1000


@dataclass(frozen=True)
class Renamed:
    """One service with its name as it is, and as it would be."""

    service: Service
    old: str
    new: str
    chinese: bool

    @property
    def problem(self) -> str:
        """Why it can't be called so."""
        if not self.new:
            return "Nothing would be left of it."
        return "It would be too long." if len(self.new) > LONGEST else ""

    @property
    def wish(self) -> dict[str, Any]:
        """As `catalog.override` takes it; the vendor's own name is none of ours."""
        if self.chinese:
            return {"name_zh": self.new}
        return {"own_name": "" if self.new == self.service.vendor_name else self.new}


def renamed(services: Iterable[Service], *, find: str, replace: str, chinese: bool) -> list[Renamed]:
    """The services whose name, in English or Chinese, has `find` in it."""
    found = []
    for service in services:
        old = service.name_zh if chinese else service.name
        if find in old:
            found.append(Renamed(service, old, " ".join(old.replace(find, replace).split()), chinese))
    return found


def digest(rows: Iterable[Renamed]) -> str:
    """Changes when any of the names does."""
    told = hashlib.sha256()
    for row in rows:
        told.update(f"{row.service.pk}\x1f{row.old}\x1f{row.new}\x1e".encode())
    return told.hexdigest()
