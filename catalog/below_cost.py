"""Hold back a purchase whose cost rose while it waited: the vendor charges the price of now, not of then.

What happens to it is a setting, BELOW_COST: `hold` it for an operator, `refuse` it, or `send` it all the same.
Orders and numbers share this; each brings a `Guard` that knows its prices and its words.
"""

import functools
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from django.conf import settings
from django.db import transaction

from catalog.pricing import RuleBook
from core.alerts import alert, resolve
from core.models import Alert
from core.money import ZERO, show
from core.prepared import ID, Prepared, given
from upstream.forwarding import PLACED, REJECTED, BelowCost, Forwarded

Row = TypeVar("Row", bound=Forwarded)


class Guard(Protocol[Row]):
    """What one kind of purchase costs by now, and what is written when it is held back."""

    @property
    def model(self) -> type[Row]: ...
    @property
    def sold(self) -> str:
        """The foreign key to what was bought, whose cost may have risen."""

    def rules(self) -> RuleBook:
        """The mark-up rules of now."""

    def rose(self, row: Row, /) -> bool:
        """Whether it costs more than when it was placed; a rule that was made stricter holds for later ones."""

    def shortfall(self, row: Row, rules: RuleBook, /) -> Decimal:
        """USD that it would now earn less than its rule's minimum margin."""

    def title(self, row: Row, /) -> str:
        """What it is called in an alert."""

    def charge_and_cost(self, row: Row, /) -> tuple[Decimal, Decimal]:
        """USD set aside for it, and what it would cost now."""

    def on_held(self, row: Row, note: str, now: datetime, /) -> None:
        """Set the fields of a locked row, and write what stands beside it."""


def loss(guard: Guard[Row], row: Row, rules: RuleBook | None = None) -> Decimal:
    """USD that the purchase would now earn too little; zero where its cost did not rise."""
    if settings.BELOW_COST == "send" or not guard.rose(row):
        return ZERO
    return guard.shortfall(row, rules or guard.rules())


@functools.cache
def _waiting(model: type[Row], sold: str) -> Prepared[Row]:
    """The purchase that may go out, with what was bought and by whom. Asked before every one."""
    waiting = model._default_manager.filter(state=PLACED, below_cost="")
    return Prepared(lambda: waiting.select_related(sold, "customer").filter(pk=given("row", ID)).order_by())


def stopped(guard: Guard[Row], *, pk: int, refuse: Callable[[Row, datetime], Any], now: datetime) -> str | None:
    """Keep a purchase from going out below cost, as BELOW_COST says; its state then, None when it may go."""
    row = _waiting(guard.model, guard.sold).first(row=pk)
    if row is None or not loss(guard, row):
        return None
    with transaction.atomic():
        row = guard.model._default_manager.select_for_update().get(pk=pk)
        missing = loss(guard, row)
        if row.state != PLACED or row.below_cost or not missing:
            return None
        if settings.BELOW_COST == "refuse":
            refuse(row, now)
            row.state = REJECTED
        else:
            _hold(guard, row, missing, now)
        row.save()
        return row.state


def release(guard: Guard[Row], *, now: datetime) -> int:
    """Let go what is no longer a loss; returns how many."""
    waiting = guard.model._default_manager.filter(state=PLACED, below_cost=BelowCost.HELD)
    held = list(waiting.select_related(guard.sold, "customer"))
    rules = guard.rules() if held else None
    fit = [row for row in held if not loss(guard, row, rules)]
    for row in fit:
        with transaction.atomic():
            if waiting.filter(pk=row.pk).update(below_cost="", not_before=now):
                resolve(key=alert_key(row), now=now)
    return len(fit)


def alert_key(row: Forwarded) -> str:
    """What the operators' alert about it is filed under."""
    return f"{row._meta.model_name}:{row.pk}:cost"


def _hold(guard: Guard[Row], row: Row, missing: Decimal, now: datetime) -> None:
    """Keep a locked purchase from going out until an operator decides; its money stays on hold."""
    charge, cost = guard.charge_and_cost(row)
    note = f"charged {show(charge)}, it would cost {show(cost)} now: {show(missing)} below the least margin"
    row.below_cost = BelowCost.HELD
    guard.on_held(row, note, now)
    alert(
        key=alert_key(row),
        subject=f"{guard.title(row)} is held back: it would be sold below cost",
        detail=f"{note}.\nSend it all the same or give it up in the admin. It goes out by itself if the cost falls.",
        severity=Alert.Severity.CRITICAL,
        now=now,
    )
