"""What one customer pays: the one place that knows whose rules hold for whom.

A service's row keeps the general price, so whoever belongs to no group costs no query for a list, and one for a
quote: the general rules that fit, for their steps. Of a customer with a group the group's rules are read once, and
the price of each row shown is reckoned. Pages, orders and the API all ask here, so that all of them show and charge
the same.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Protocol

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from catalog import rules
from catalog.models import Service
from catalog.pricing import Figures, Quote, RuleBook, price_of, quote


class Priced(Protocol):
    """What a list needs of a service to show its price."""

    @property
    def pk(self) -> int: ...
    @property
    def rate(self) -> Decimal: ...
    @property
    def price(self) -> Decimal: ...
    @property
    def category_id(self) -> int: ...
    @property
    def subcategory_id(self) -> int | None: ...


@dataclass(frozen=True)
class PriceFrom:
    """The price in USD of one rate unit, from so many pieces in one order on."""

    quantity: int
    price: Decimal


class Terms:
    """The prices of one customer; good for one request, since rules change."""

    def __init__(self, group_id: int | None = None) -> None:
        self.group_id = group_id
        self._general: dict[int, Figures | None] = {}

    @classmethod
    def of(cls, person: User | AnonymousUser) -> "Terms":
        """The terms of a customer, or of somebody who has not logged in. No query yet."""
        return cls(person.group_id if isinstance(person, User) else None)

    @property
    def are_general(self) -> bool:
        """Whether every price is the one that the service's row keeps."""
        return self.group_id is None

    @cached_property
    def _own(self) -> RuleBook[Figures]:
        return RuleBook([]) if self.group_id is None else rules.of_group(self.group_id)

    def price(self, service: Priced) -> Decimal:
        """USD for one rate unit, before any step for large orders."""
        rule = self._own_rule(service)
        return service.price if rule is None else price_of(service.rate, rule)

    def prices_from(self, service: Service) -> list[PriceFrom]:
        """The prices of a service by quantity, the first for the smallest order; more than one where it has steps."""
        rule = self._rule(service)
        starts = [step.from_quantity for step in rule.steps if service.min < step.from_quantity <= service.max]
        found = [PriceFrom(service.min, self._price_at(service, service.min))]
        for start in starts:
            price = self._price_at(service, start)
            if price != found[-1].price:
                found.append(PriceFrom(start, price))
        return found

    def learn(self, services: Collection[Service]) -> None:
        """Read what quotes for these services need, in one query for all of them."""
        new = [each for each in services if each.pk not in self._general and self._own_rule(each) is None]
        if new:
            book = rules.general_for(new)
            self._general |= {each.pk: book.find(None, **_place(each)) for each in new}

    def quote(self, service: Service, quantity: int) -> Quote:
        """What `quantity` pieces of the service cost this customer now."""
        return quote(
            service_id=service.pk,
            quantity=quantity,
            rate=service.rate,
            price=self._price_at(service, quantity),
            unit=service.unit,
            minimum_margin=self._rule(service).minimum_margin,
        )

    def _price_at(self, service: Service, quantity: int) -> Decimal:
        rule = self._rule(service)
        stepped = rule.at(quantity)
        # Where no step is reached the price is the one that lists show. An own price is for any quantity.
        if stepped is rule or (service.own_price is not None and self._own_rule(service) is None):
            return self.price(service)
        return price_of(service.rate, stepped)

    def _own_rule(self, service: Priced) -> Figures | None:
        return None if self.group_id is None else self._own.find(self.group_id, **_place(service))

    def _rule(self, service: Service) -> Figures:
        own = self._own_rule(service)
        if own is not None:
            return own
        self.learn([service])
        return self._general[service.pk] or Figures(percent=Decimal(0))


def quote_for(service: Service, quantity: int, terms: Terms) -> Quote:
    """What `quantity` pieces of the service cost now, on these terms."""
    return terms.quote(service, quantity)


def _place(service: Priced) -> dict[str, object]:
    return {
        "service_id": service.pk,
        "subcategory_id": service.subcategory_id,
        "category_id": service.category_id,
    }
