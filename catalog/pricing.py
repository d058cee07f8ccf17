"""Prices: what the vendor asks plus a rule, times a quantity. Pure: numbers in, numbers out.

`rate` and `price` are USD per rate unit; `unit` is how many pieces that is (1,000 for a service, 1 for a
product). A price is never below cost plus the rule's minimum margin, whatever steps and discounts say; a charge is
rounded up to $0.0001. Which rule holds for whom, and so what a customer pays, is `catalog.terms`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from core.money import CHARGE_STEP, EXACT, MICRO, ZERO, round_up

# The vendor shows charges in cents, and rounds.
CHARGE_TOLERANCE = Decimal("0.01")
CHARGE_TOLERANCE_SHARE = Decimal("0.02")


class Counted(Protocol):
    """What has a cost for so many pieces: a service as we copied it."""

    rate: Decimal
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


_NO_MARKUP = NoMarkup()


@dataclass(frozen=True)
class Step:
    """From so many pieces on a rule adds `percent` instead of its own."""

    from_quantity: int
    percent: Decimal


@dataclass(frozen=True)
class Figures:
    """A rule apart from its row: whom and what it holds for, what it adds, and its steps, the smallest first."""

    percent: Decimal
    fixed: Decimal = Decimal(0)
    minimum_margin: Decimal = Decimal(0)
    rounding: Decimal = MICRO
    steps: tuple[Step, ...] = ()
    group_id: int | None = None
    service_id: int | None = None
    subcategory_id: int | None = None
    category_id: int | None = None

    def at(self, quantity: int) -> "Figures":
        """The rule as it is for an order of `quantity` pieces: the last step that it reaches."""
        reached = [step for step in self.steps if step.from_quantity <= quantity]
        return replace(self, percent=reached[-1].percent) if reached else self


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
    least: Decimal
    """What it has to bring at least: its cost and the rule's minimum margin."""
    discount: Decimal = ZERO
    """What a promotion has taken off `charge` already."""


def price_of(rate: Decimal, rule: Rule, *, own: Decimal | None = None) -> Decimal:
    """USD for one rate unit that costs `rate`, under `rule`; an operator's `own` price holds where it is enough."""
    if own is not None:
        return max(own, least_price(rate, rule))
    marked_up = EXACT.multiply(rate, 1 + rule.percent / 100) + rule.fixed
    return _stepped(max(marked_up, rate + rule.minimum_margin), rule)


def least_price(rate: Decimal, rule: Rule) -> Decimal:
    """USD for one rate unit below which nothing is sold: its cost and the rule's minimum margin."""
    return _stepped(rate + rule.minimum_margin, rule)


def is_floored(rate: Decimal, rule: Rule) -> bool:
    """Whether the rule's percentage and fixed amount alone would leave less than its minimum margin."""
    return EXACT.multiply(rate, rule.percent / 100) + rule.fixed < rule.minimum_margin


def _stepped(wanted: Decimal, rule: Rule) -> Decimal:
    # The step may be finer than money can be; the price itself can't.
    return round_up(round_up(wanted, rule.rounding), MICRO)


def share(total: Decimal, *, part: int, whole: int, step: Decimal = MICRO) -> Decimal:
    """`part` of `whole` pieces' share of `total`, rounded up to `step`, and never more than `total`."""
    if part <= 0:
        return Decimal(0)
    if part >= whole:
        return total
    return min(round_up(EXACT.divide(EXACT.multiply(total, part), whole), step), total)


def quote(
    *, service_id: int, quantity: int, rate: Decimal, price: Decimal, unit: int, minimum_margin: Decimal = ZERO
) -> Quote:
    """Price `quantity` pieces: cost to the micro above, charge to the charge step above."""
    return Quote(
        service_id=service_id,
        quantity=quantity,
        rate=rate,
        price=price,
        unit=unit,
        cost=_times(rate, quantity, unit, MICRO),
        charge=_times(price, quantity, unit, CHARGE_STEP),
        least=_times(rate + minimum_margin, quantity, unit, CHARGE_STEP),
    )


def cost_of(service: Counted, quantity: int) -> Decimal:
    """USD that the vendor asks for `quantity` pieces of the service now."""
    return _times(service.rate, quantity, service.unit, MICRO)


def discounted(offer: Quote, *, percent: Decimal = ZERO, fixed: Decimal = ZERO) -> Quote:
    """The offer with `percent` of its charge and `fixed` USD taken off, as far as what it has to bring allows."""
    wanted = round_up(EXACT.multiply(offer.charge, 1 - percent / 100) - fixed, CHARGE_STEP)
    # A rule may have become stricter than the price that stands: that is no reason to charge more than was offered.
    charge = min(max(wanted, offer.least), offer.charge)
    return replace(offer, charge=charge, discount=offer.discount + offer.charge - charge)


def _times(per_unit: Decimal, quantity: int, unit: int, step: Decimal) -> Decimal:
    return round_up(EXACT.divide(EXACT.multiply(per_unit, quantity), unit), step)


def shortfall(*, charge: Decimal, quantity: int, rate: Decimal, unit: int, rule: Rule) -> Decimal:
    """USD that `charge` is below the cost of `quantity` pieces plus the rule's minimum margin; 0 when it is not."""
    least = EXACT.divide(EXACT.multiply(rate + rule.minimum_margin, quantity), unit)
    return round_up(max(least - charge, Decimal(0)), MICRO)


def fits_cost(charge: Decimal, cost: Decimal) -> bool:
    """Whether what the vendor charged is what its list said, within its rounding (docs/upstream.md, ruling 2)."""
    return abs(charge - cost) <= CHARGE_TOLERANCE + cost * CHARGE_TOLERANCE_SHARE


AnyRule = TypeVar("AnyRule", bound=Rule)


class RuleBook(Generic[AnyRule]):
    """The active rules, looked up by the narrowest scope that has one.

    `scopes` names, narrowest first, what a rule can be for: a rule for one service has its `service_id`. A rule
    with none of them holds for everything. One with a `group_id` holds for that group's customers alone.
    """

    def __init__(
        self, rules: Iterable[AnyRule], scopes: Sequence[str] = ("service", "subcategory", "category")
    ) -> None:
        self._rules: dict[tuple[int | None, str, object], AnyRule] = {}
        self._prices: dict[tuple[int, Decimal, Decimal | None], Decimal] = {}
        for rule in rules:
            scope = next((name for name in scopes if getattr(rule, f"{name}_id") is not None), "")
            place = getattr(rule, f"{scope}_id") if scope else None
            self._rules[getattr(rule, "group_id", None), scope, place] = rule
        named = {scope for _group, scope, _place in self._rules}
        self._scopes = [scope for scope in scopes if scope in named]

    def find(self, group_id: int | None = None, **ids: object) -> AnyRule | None:
        """The group's own rule for something with these `…_id`s (without a group the general one), if there is one.

        An id is None for something that has not got one (yet).
        """
        for name in self._scopes:
            place = ids[f"{name}_id"]
            rule = self._rules.get((group_id, name, place)) if place is not None else None
            if rule is not None:
                return rule
        return self._rules.get((group_id, "", None))

    def rule_for(self, *, group_id: int | None = None, **ids: object) -> AnyRule | NoMarkup:
        """The rule that holds: one of the group wins over a general one, however narrow that is."""
        own = self.find(group_id, **ids) if group_id is not None else None
        return own or self.find(None, **ids) or _NO_MARKUP

    def price_of(self, rate: Decimal, rule: AnyRule | NoMarkup, *, own: Decimal | None = None) -> Decimal:
        """`price_of` under one of these rules, reckoned once for each rate: a catalogue has the same ones often."""
        key = (id(rule), rate, own)
        price = self._prices.get(key)
        if price is None:
            price = self._prices[key] = price_of(rate, rule, own=own)
        return price
