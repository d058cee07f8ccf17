"""What a `rate` buys, asked with real services, and what is added to it."""

from dataclasses import dataclass

from accounts.models import User
from catalog.models import MarkupRule, Service
from catalog.pricing import cost_of
from core.admin_base import per_unit
from core.money import ZERO, show
from reseller.first_run.result import Result, todo, well, wrong
from sms.models import MarkupRule as NumberRule
from upstream.models import RateUnit
from upstream.rate_units import answered, rate_units

# A rate is for a thousand, or for one.
CHOICES = (1000, 1)
# So many services stand for all of their kind.
EXAMPLES = 3


@dataclass(frozen=True)
class Example:
    """A real service, and what its smallest order costs us if the rate is for 1,000 pieces, and if it is for one."""

    name: str
    rate: str
    least: str
    costs: list[str]


@dataclass(frozen=True)
class Question:
    """What a rate buys, for one kind of services: examples, and what counts now."""

    entity: str
    label: str
    unit: int
    answered: bool
    choices: list[tuple[int, str]]
    examples: list[Example]


def questions() -> list[Question]:
    """One for each kind of services that the catalogue has."""
    units, known = rate_units(), answered()
    asked = []
    for entity in RateUnit.Entity:
        examples = [_example(service) for service in _typical(entity)]
        if not examples:
            continue
        choices = sorted({*CHOICES, units[entity]}, reverse=True)
        words = [(unit, "for one piece" if unit == 1 else f"for {unit:,} pieces") for unit in choices]
        asked.append(Question(entity, entity.label, units[entity], entity in known, words, examples))
    return asked


def _typical(entity: str) -> list[Service]:
    """The cheapest, the dearest and one between."""
    on_sale = Service.objects.filter(entity=entity, state=Service.State.ON_SALE).order_by("rate", "pk")
    count = on_sale.count()
    return [on_sale[place] for place in sorted({0, count // 2, count - 1})[:EXAMPLES] if 0 <= place < count]


def _example(service: Service) -> Example:
    costs = []
    for unit in CHOICES:
        service.unit = unit  # for the sum alone; it is not saved
        costs.append(show(cost_of(service, service.min)))
    return Example(service.name, show(service.rate), f"{service.min:,}", costs)


def units(operator: User | None) -> list[Result]:
    """Whether somebody has looked at what a rate buys."""
    title = "What a rate buys"
    asked = questions()
    if not asked:
        return [todo(title, "There are no services yet to compare.", "Sync first.")]
    open_ones = [question.label.lower() for question in asked if not question.answered]
    if open_ones:
        return [
            wrong(
                title,
                f"The vendor does not say it, and nobody has looked yet: {' and '.join(open_ones)}.",
                "Compare the services below with the vendor's own page, and answer. A wrong answer sells a thousand "
                "times too cheap, or too dear.",
            )
        ]
    words = [f"{question.label}: {dict(question.choices)[question.unit]}" for question in asked]
    return [well(title, f"You compared them. {'; '.join(words)}.")]


def first_rule() -> MarkupRule | None:
    """The rule for every service that has no narrower one."""
    return MarkupRule.objects.filter(active=True, service=None, category=None, subcategory=None, group=None).first()


def first_number_rule() -> NumberRule | None:
    """The same for phone numbers."""
    return NumberRule.objects.filter(active=True, country=None, project=None, group=None).first()


def markup(operator: User | None) -> list[Result]:
    """A rule for everything, that earns something."""
    return [_earns("Mark-up on services", first_rule()), _earns("Mark-up on numbers", first_number_rule())]


def _earns(title: str, rule: MarkupRule | NumberRule | None) -> Result:
    if rule is None:
        return wrong(
            title, "No rule holds for everything: what has no rule of its own sells at cost.", "Set one below."
        )
    if rule.percent <= 0 and rule.fixed <= ZERO and rule.minimum_margin <= ZERO:
        return wrong(title, "The rule for everything adds nothing: it sells at cost.", "Set one below.")
    parts = [f"{rule.percent.normalize():f}%"]
    parts += [f"{show(rule.fixed)} more"] if rule.fixed else []
    parts += [f"at least {show(rule.minimum_margin)}"] if rule.minimum_margin else []
    return well(title, f"{', '.join(parts)} on everything that has no rule of its own.")


def typical() -> list[tuple[str, str, str]]:
    """Name, cost and price of some real services, to show what the mark-up makes of them."""
    return [
        (service.name, per_unit(service.rate, service.unit), per_unit(service.price, service.unit))
        for entity in RateUnit.Entity
        for service in _typical(entity)[1:2]
    ]
