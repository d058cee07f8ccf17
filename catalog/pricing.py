"""Prices: what the vendor asks plus a rule, times a quantity. Pure: numbers in, numbers out.

`rate` and `price` are USD per rate unit; `unit` is how many pieces that is (1,000 for a service, 1 for a
product). A price is never below cost plus the rule's minimum margin; a charge is rounded up to $0.0001.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from core.money import CHARGE_STEP, EXACT, MICRO, round_up


class Rule(Protocol):
    """The figures of a mark-up rule."""

    @property
    def percent(self) -> Decimal: ...
    @property
    def fixed(self) -> Decimal: ...
    @property
    def minimum_margin(self) -> Decimal: ...
    @property
    def rounding(self) -> Decimal: ...


@dataclass(frozen=True)
class NoMarkup:
    """The rule where no rule is: sell at cost."""

    percent: Decimal = Decimal(0)
    fixed: Decimal = Decimal(0)
    minimum_margin: Decimal = Decimal(0)
    rounding: Decimal = MICRO


@dataclass(frozen=True)
class Quote:
    """What `quantity` pieces of a service cost, at the prices of one moment. Money is USD."""

    service_id: int
    quantity: int
    rate: Decimal
    price: Decimal
    unit: int
    cost: Decimal
    charge: Decimal


def price_of(rate: Decimal, rule: Rule) -> Decimal:
    """USD for one rate unit that costs `rate`, under `rule`."""
    marked_up = EXACT.multiply(rate, 1 + rule.percent / 100) + rule.fixed
    wanted = max(marked_up, rate + rule.minimum_margin)
    # The step may be finer than money can be; the price itself can't.
    return round_up(round_up(wanted, rule.rounding), MICRO)


def share(total: Decimal, *, part: int, whole: int, step: Decimal = MICRO) -> Decimal:
    """`part` of `whole` pieces' share of `total`, rounded up to `step`, and never more than `total`."""
    if part <= 0:
        return Decimal(0)
    if part >= whole:
        return total
    return min(round_up(EXACT.divide(EXACT.multiply(total, part), whole), step), total)


def quote(*, service_id: int, quantity: int, rate: Decimal, price: Decimal, unit: int) -> Quote:
    """Price `quantity` pieces: cost to the micro above, charge to the charge step above."""
    return Quote(
        service_id=service_id,
        quantity=quantity,
        rate=rate,
        price=price,
        unit=unit,
        cost=round_up(EXACT.divide(EXACT.multiply(rate, quantity), unit), MICRO),
        charge=round_up(EXACT.divide(EXACT.multiply(price, quantity), unit), CHARGE_STEP),
    )


class ScopedRule(Rule, Protocol):
    """A rule with the place it holds for; all None is everywhere."""

    @property
    def service_id(self) -> int | None: ...
    @property
    def subcategory_id(self) -> int | None: ...
    @property
    def category_id(self) -> int | None: ...


class RuleBook:
    """The active rules, looked up by the narrowest scope: service, subcategory, category, everything."""

    def __init__(self, rules: Iterable[ScopedRule]) -> None:
        self._by_scope: dict[tuple[str, int | None], ScopedRule] = {}
        for rule in rules:
            self._by_scope[self._scope(rule)] = rule

    @staticmethod
    def _scope(rule: ScopedRule) -> tuple[str, int | None]:
        if rule.service_id is not None:
            return ("service", rule.service_id)
        if rule.subcategory_id is not None:
            return ("subcategory", rule.subcategory_id)
        if rule.category_id is not None:
            return ("category", rule.category_id)
        return ("everything", None)

    def rule_for(self, *, service_id: int | None, subcategory_id: int | None, category_id: int) -> Rule:
        """The rule that holds for a service with these ids (`service_id` is None for one not saved yet)."""
        for scope in (("service", service_id), ("subcategory", subcategory_id), ("category", category_id)):
            if scope[1] is not None and scope in self._by_scope:
                return self._by_scope[scope]
        return self._by_scope.get(("everything", None)) or NoMarkup()
