"""Place the good lines of a mass order, one after the other; each is an order of its own, and is placed once.

Every line has a key that is made of the form's, so a second click, a reload and a second try after the process died
in the middle find what was placed, and place only what was not.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from accounts.models import User
from core.context import about
from core.money import ZERO
from orders import place
from orders.mass import Row, Sheet
from orders.models import Order
from wallet import ledger

# Seconds after which the answer has to be on its way; what is left is placed by the next click.
PATIENCE = 12.0


@dataclass
class Outcome:
    """What became of the lines. Money is USD."""

    placed: list[Row] = field(default_factory=list)
    """New orders."""
    before: list[Row] = field(default_factory=list)
    """Orders that an earlier try has placed."""
    left: list[Row] = field(default_factory=list)
    """What is still to be ordered: wrong, refused, not paid for, or not reached. The reason is the row's problem."""
    short: str = ""
    """Where the balance was not enough: how much is missing."""
    stopped: str = ""
    """Why the customer may not buy more now: suspended, or at a limit."""
    unfinished: int = 0
    """How many good lines there was no time for."""

    @property
    def parts(self) -> list[list[Row]]:
        """Everything that is an order by now."""
        return [self.placed, self.before]

    @property
    def set_aside(self) -> Decimal:
        """What the new orders took from the balance."""
        return sum((row.order.charge for row in self.placed if row.order), ZERO)


def place_many(
    *,
    customer: User,
    sheet: Sheet,
    agreed: Mapping[str, tuple[Decimal, int]],
    patience: float = PATIENCE,
    now: datetime,
) -> Outcome:
    """Place what is good in the sheet, from the first line on.

    `agreed` has the price in USD, and of how many pieces, that the customer was shown for each `Row.agreement`; what
    is not in it is not ordered. Stops at the first line that the balance is not enough for, or that a limit forbids.
    """
    outcome = Outcome()
    ends = time.monotonic() + patience
    for row in sheet.rows:
        if row.order is not None:
            outcome.before.append(row)
        elif row.problem:
            outcome.left.append(row)
        elif row.quote is None:  # a heading
            continue
        elif outcome.short:
            row.problem = _("Not ordered: the balance was used up before.")
            outcome.left.append(row)
        elif outcome.stopped:
            row.problem = outcome.stopped
            outcome.left.append(row)
        elif time.monotonic() > ends:
            outcome.unfinished += 1
            outcome.left.append(row)
        elif row.agreement not in agreed:
            row.problem = _("Not ordered: its price was not shown yet.")
            outcome.left.append(row)
        else:
            _place(row, outcome, customer, *agreed[row.agreement], now=now)
    return outcome


def _place(row: Row, outcome: Outcome, customer: User, price: Decimal, unit: int, *, now: datetime) -> None:
    try:
        with about():  # each line's order is known to its own log lines alone
            order: Order = place.order(
                customer=customer,
                service_id=row.line.service_id,
                quantity=row.line.quantity,
                link=row.line.link,
                shown_price=price,
                shown_unit=unit,
                form_key=row.key,
                now=now,
            )
    except place.NotNow as error:
        outcome.stopped = row.problem = str(error)
        outcome.left.append(row)
    except place.CantPlace as error:
        row.problem = " ".join(error.errors.values())
        outcome.left.append(row)
    except ledger.InsufficientFunds as error:
        outcome.short = row.problem = str(error)
        outcome.left.append(row)
    else:
        row.order = order
        (outcome.placed if order.placed_at == now else outcome.before).append(row)
