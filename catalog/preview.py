"""What a changed rule would do to prices, before it is saved. Services and numbers share it; nothing is written.

Every row is reckoned by `catalog.pricing`, as it will be when the rule holds: what is shown is what is saved, and
`Preview.digest` says whether it still is.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from catalog.pricing import Figures, NoMarkup, Rule, RuleBook, is_floored, price_of
from core.money import ZERO

# Prices by quantity: (from so many pieces, USD for one rate unit).
Ladder = tuple[tuple[int, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Something with a price, as its row has it. `cost` and `price` are USD for one rate unit, of `unit` pieces."""

    pk: int
    name: str
    cost: Decimal
    price: Decimal
    place: Mapping[str, Any]
    """The ids that rules look at, such as `service_id`."""
    unit: int = 1
    min: int = 1
    max: int = 1
    own: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A row whose prices would be others. `floored`: the minimum margin makes its new price, and neither the percentage
    nor an own price does.
    """

    row: Row
    old: Ladder
    new: Ladder
    floored: bool

    @property
    def share(self) -> Decimal:
        """How much the first price changes, as a share of the old one."""
        return (self.new[0][1] - self.old[0][1]) / self.old[0][1] if self.old[0][1] else ZERO

    @property
    def margin(self) -> Decimal:
        """USD that one rate unit would earn at the first price."""
        return self.new[0][1] - self.row.cost


@dataclass
class Preview:
    """All changes, the largest first."""

    changes: list[Change] = field(default_factory=list)
    seen: int = 0
    """How many rows were looked at."""
    digest: str = ""

    @property
    def dearer(self) -> int:
        """How many would cost more."""
        return sum(change.share > 0 for change in self.changes)

    @property
    def cheaper(self) -> int:
        """How many would cost less."""
        return sum(change.share < 0 for change in self.changes)

    @property
    def floored(self) -> int:
        """How many prices the minimum margin would make."""
        return sum(change.floored for change in self.changes)


def compare(
    rows: Iterable[Row], *, before: RuleBook[Any], after: RuleBook[Any], group_id: int | None, wish: str
) -> Preview:
    """What changes from the rules `before` to those `after`, for customers of the group, or for all the others.

    `wish` is the changed rule as text: the same changes by another rule are another wish.
    """
    preview = Preview()
    told = hashlib.sha256(wish.encode())
    for row in rows:
        preview.seen += 1
        old_rule = before.rule_for(group_id=group_id, **row.place)
        new_rule = after.rule_for(group_id=group_id, **row.place)
        # The general price is the one that stands in the row, whatever made it.
        own = row.own if _is_general(new_rule) else None
        new = _ladder(row, new_rule, own)
        if group_id is None:
            old = ((row.min, row.price), *_ladder(row, old_rule, row.own)[1:])
        else:
            old = _ladder(row, old_rule, row.own if _is_general(old_rule) else None)
        if new == old:
            continue
        told.update(f"{row.pk}:{old}:{new};".encode())
        floored = is_floored(row.cost, new_rule) if own is None else own < new[0][1]
        preview.changes.append(Change(row, old, new, floored))
    preview.changes.sort(key=lambda change: (-abs(change.share), change.row.pk))
    preview.digest = told.hexdigest()
    return preview


def _is_general(rule: Rule) -> bool:
    return getattr(rule, "group_id", None) is None


def _ladder(row: Row, rule: Rule, own: Decimal | None) -> Ladder:
    first = (row.min, price_of(row.cost, rule, own=own))
    if own is not None or isinstance(rule, NoMarkup) or not isinstance(rule, Figures) or not rule.steps:
        return (first,)
    found = [first]
    for step in rule.steps:
        if row.min < step.from_quantity <= row.max:
            price = price_of(row.cost, rule.at(step.from_quantity))
            if price != found[-1][1]:
                found.append((step.from_quantity, price))
    return tuple(found)
