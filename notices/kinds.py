"""The kinds of notices: what each is about, whether it is on at first, and its words.

A kind's words stand here for one notice and for several of them in one e-mail. They take what `tell` was given as
`about`, and never goods or codes: an e-mail is read over shoulders and kept for years.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy


class Kind(models.TextChoices):
    """What a customer may be told of."""

    ORDER_DONE = "ORDER_DONE", _("An order is completed")
    ORDER_PARTIAL = "ORDER_PARTIAL", _("An order is delivered in part")
    ORDER_REFUSED = "ORDER_REFUSED", _("An order is refused or canceled")
    CODE_ARRIVED = "CODE_ARRIVED", _("A code has arrived")
    LOW_BALANCE = "LOW_BALANCE", _("Your balance is low")
    REQUEST_ANSWERED = "REQUEST_ANSWERED", _("A request of yours is answered")
    BACK_IN_STOCK = "BACK_IN_STOCK", _("Something you wait for is back in stock")
    NEWS = "NEWS", _("News of the shop")


# Whoever buys codes looks at the board, and there may be hundreds of them.
OFF_AT_FIRST = frozenset({Kind.CODE_ARRIVED})


@dataclass(frozen=True)
class Words:
    """How a kind is written: a subject for one and for several, and a line for each."""

    one: str | Promise
    many: Any
    line: str | Promise

    def subject(self, abouts: list[Mapping[str, str]]) -> str:
        """The subject of an e-mail about all of `abouts`."""
        if len(abouts) == 1:
            return str(self.one) % abouts[0]
        return str(self.many % {"count": len(abouts)})


WORDS: dict[str, Words] = {
    Kind.ORDER_DONE: Words(
        _("Order %(number)s is completed"),
        ngettext_lazy("%(count)d order is completed", "%(count)d orders are completed", "count"),
        _("Order %(number)s is completed: %(name)s. You paid %(amount)s."),
    ),
    Kind.ORDER_PARTIAL: Words(
        _("Order %(number)s is delivered in part"),
        ngettext_lazy("%(count)d order is delivered in part", "%(count)d orders are delivered in part", "count"),
        _("Order %(number)s is delivered in part: %(name)s. %(amount)s came back to your balance."),
    ),
    Kind.ORDER_REFUSED: Words(
        _("Order %(number)s could not be delivered"),
        ngettext_lazy("%(count)d order could not be delivered", "%(count)d orders could not be delivered", "count"),
        _("Order %(number)s could not be delivered: %(name)s. %(amount)s came back to your balance."),
    ),
    Kind.CODE_ARRIVED: Words(
        _("A code has arrived for %(name)s"),
        ngettext_lazy("%(count)d code has arrived", "%(count)d codes have arrived", "count"),
        _("A code has arrived for %(name)s on the number %(number)s."),
    ),
    Kind.LOW_BALANCE: Words(
        _("Your balance is low: %(amount)s"),
        ngettext_lazy("Your balance is low", "Your balance is low", "count"),
        _("%(amount)s are available. You wanted to know when it falls below %(threshold)s."),
    ),
    Kind.REQUEST_ANSWERED: Words(
        _("Your request %(number)s is answered"),
        ngettext_lazy("%(count)d request is answered", "%(count)d requests are answered", "count"),
        _("Your request %(number)s is answered: %(name)s."),
    ),
    Kind.BACK_IN_STOCK: Words(
        _("Back in stock: %(name)s"),
        ngettext_lazy("%(count)d service is back in stock", "%(count)d services are back in stock", "count"),
        _("%(name)s is back in stock."),
    ),
    # Its words are the operator's own: they stand in the mailing.
    Kind.NEWS: Words(
        _("News of the shop"),
        ngettext_lazy("News of the shop", "News of the shop", "count"),
        _("News of the shop"),
    ),
}
