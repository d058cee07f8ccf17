"""Everything the first run looks at, in the order in which it is mended."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.models import User
from reseller.first_run import prices, shop, vendor, work
from reseller.first_run.result import Checks, Result, State, safely


@dataclass(frozen=True)
class Group:
    """Checks that stand under one title. `slow` ones ask somebody else: the page does not wait for them."""

    name: str
    title: str
    checks: Sequence[Checks]
    slow: bool = False

    def look(self, operator: User | None) -> list[Result]:
        """The results, whatever breaks."""
        return [result for check in self.checks for result in safely(self.title, check, operator)]


GROUPS = (
    Group("vendor", "The vendor", [vendor.vendor], slow=True),
    Group("work", "Behind the shop", [work.work], slow=True),
    Group("keys", "Secrets and data", [shop.secrets, work.database]),
    Group("catalogue", "What is sold", [work.catalogue]),
    Group("prices", "Prices", [prices.units, prices.markup]),
    Group("shop", "The shop", [shop.site, shop.mail, shop.paying, shop.rules, shop.factors]),
)
BY_NAME = {group.name: group for group in GROUPS}


def look_at_all(operator: User | None) -> dict[str, list[Result]]:
    """All results, by the name of their group; takes as long as the vendor, at most some seconds."""
    return {group.name: group.look(operator) for group in GROUPS}


def in_the_way(results: dict[str, list[Result]]) -> list[Result]:
    """What keeps the shop from selling."""
    return [result for group in results.values() for result in group if result.state == State.WRONG]
