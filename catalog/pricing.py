"""Prices: what the vendor asks plus a rule, times a quantity. Pure: numbers in, numbers out.

`rate` and `price` are USD per rate unit; `unit` is how many pieces that is (1,000 for a service, 1 for a
product). A price is never below cost plus the rule's minimum margin; a charge is rounded up to $0.0001.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from core.money import CHARGE_STEP, EXACT, MICRO, round_up

# The vendor shows charges in cents, and rounds.
CHARGE_TOLERANCE = Decimal("0.01")
CHARGE_TOLERANCE_SHARE = Decimal("0.02")


class Offered(Protocol):
    """What is quoted for: a service as we copied it."""

    pk: int
    rate: Decimal
    price: Decimal
    unit: int


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


def quote_for(service: Offered, quantity: int) -> Quote:
    """What `quantity` pieces of the service cost now."""
    return quote(service_id=service.pk, quantity=quantity, rate=service.rate, price=service.price, unit=service.unit)


def shortfall(*, charge: Decimal, quantity: int, rate: Decimal, unit: int, rule: Rule) -> Decimal:
    """USD that `charge` is below the cost of `quantity` pieces plus the rule's minimum margin; 0 when it is not."""
    least = EXACT.divide(EXACT.multiply(rate + rule.minimum_margin, quantity), unit)
    return round_up(max(least - charge, Decimal(0)), MICRO)


def fits_cost(charge: Decimal, cost: Decimal) -> bool:
    """Whether what the vendor charged is what its list said, within its rounding (docs/upstream.md, ruling 2)."""
    return abs(charge - cost) <= CHARGE_TOLERANCE + cost * CHARGE_TOLERANCE_SHARE


class RuleBook:
    """The active rules, looked up by the narrowest scope that has one.

    `scopes` names, narrowest first, what a rule can be for: a rule for one service has its `service_id`. A rule
    with none of them holds for everything.
    """

    def __init__(self, rules: Iterable[Rule], scopes: Sequence[str] = ("service", "subcategory", "category")) -> None:
        self._scopes = scopes
        self._rules: dict[tuple[str, object], Rule] = {}
        for rule in rules:
            scope = next((name for name in scopes if getattr(rule, f"{name}_id") is not None), "")
            self._rules[scope, getattr(rule, f"{scope}_id") if scope else None] = rule

    def rule_for(self, **ids: object) -> Rule:
        """The rule for something with these `…_id`s; None for one that it has not (yet)."""
        for name in self._scopes:
            rule = self._rules.get((name, ids[f"{name}_id"])) if ids[f"{name}_id"] is not None else None
            if rule is not None:
                return rule
        return self._rules.get(("", None)) or NoMarkup()
