"""What one customer pays for numbers, as `catalog.terms` says it for services."""

from decimal import Decimal
from functools import cached_property

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from catalog.pricing import Rule, RuleBook, price_of
from core.money import CHARGE_STEP, round_up
from sms.models import Project
from sms.pricing import SCOPES, of_group


class Terms:
    """The prices of one customer; good for one request, since rules change."""

    def __init__(self, group_id: int | None = None) -> None:
        self.group_id = group_id

    @classmethod
    def of(cls, person: User | AnonymousUser) -> "Terms":
        """The terms of a customer, or of somebody who has not logged in. No query yet, and none without a group."""
        return cls(person.group_id if isinstance(person, User) else None)

    @property
    def are_general(self) -> bool:
        """Whether every price is the one that the project's row keeps."""
        return self.group_id is None

    @cached_property
    def _own(self) -> RuleBook[Rule]:
        return RuleBook([], SCOPES) if self.group_id is None else of_group(self.group_id)

    def price_of(self, *, pk: int, country_id: int, cost: Decimal, price: Decimal) -> Decimal:
        """USD that one number of a project with these figures is charged."""
        own = None if self.group_id is None else self._own.find(self.group_id, project_id=pk, country_id=country_id)
        return round_up(price if own is None else price_of(cost, own), CHARGE_STEP)

    def price(self, project: Project) -> Decimal:
        """USD that one number of the project is charged."""
        return self.price_of(pk=project.pk, country_id=project.country_id, cost=project.cost, price=project.price)
