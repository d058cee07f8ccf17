"""One currency, one rounding rule, one door from text to an amount.

Amounts are US dollars. In Python they are `Decimal` with at most six places; in the database they are
integers of micros (1e-6 USD), since SQLite has no decimal type and its floats would lose cents.
"""

import functools
import re
from collections.abc import Callable
from decimal import ROUND_CEILING, Context, Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _

CURRENCY = "USD"
MICRO = Decimal("0.000001")
CHARGE_STEP = Decimal("0.0001")
ZERO = Decimal(0)
# Well inside a 64-bit integer of micros (9.2e12 USD), and beyond any real balance.
LARGEST = Decimal("1000000000")

# Sums and products of LARGEST with six places stay exact at this precision; a quotient that can't
# goes up, as every charge does.
EXACT = Context(prec=60, rounding=ROUND_CEILING)

_AMOUNT = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,18})?\Z", re.ASCII)


class BadAmount(ValueError):
    """A text that is no amount, with a sentence for the person who typed it."""


def parse(text: str, *, places: int = 6) -> Decimal:
    """Read what a person or a file wrote as an amount in USD.

    Takes plain decimal notation with an optional leading `$`; no exponents, no thousands separators (which
    mean different things in different countries), no more than `places` decimals. Raises `BadAmount`.
    """
    cleaned = text.strip().removeprefix("$").strip()
    if not _AMOUNT.fullmatch(cleaned):
        raise BadAmount(_("Enter an amount such as 12.50."))
    amount = Decimal(cleaned)
    if amount != amount.quantize(Decimal(1).scaleb(-places), context=EXACT):
        raise BadAmount(_("Use at most %(places)d decimals.") % {"places": places})
    if abs(amount) > LARGEST:
        raise BadAmount(_("This amount is too large."))
    return amount


def to_micros(amount: Decimal) -> int:
    """The exact number of micros; raises `ValueError` when the amount has a fraction of one."""
    scaled = EXACT.scaleb(amount, 6)
    micros = int(scaled)
    if scaled != micros:
        raise ValueError(f"{amount} USD is finer than one micro")
    return micros


@functools.lru_cache(maxsize=20_000)
def from_micros(micros: int) -> Decimal:
    """The amount in USD that `micros` stand for. The same few are read again and again: prices, zero, a charge."""
    return EXACT.scaleb(Decimal(micros), -6)


def round_up(amount: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `amount`: the shop's one rounding rule."""
    if step is MICRO or step is CHARGE_STEP:  # a power of ten: one operation instead of three
        return amount.quantize(step, context=EXACT)
    steps = EXACT.divide(amount, step).to_integral_value(rounding=ROUND_CEILING, context=EXACT)
    return EXACT.multiply(steps, step)


def plain(amount: Decimal) -> str:
    """`1234.50`: at least two decimals, and as many as the amount needs. For files and other programs."""
    whole, decimals = f"{amount:.6f}".split(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"


def show(amount: Decimal) -> str:
    """`$1,234.50`; a small price keeps its decimals (`$0.0027`), so nothing that costs money shows as `$0.00`."""
    whole, decimals = plain(abs(amount)).split(".")
    return f"{'−' if amount < 0 else ''}${int(whole):,}.{decimals}"


class MoneyField(models.BigIntegerField):
    """A `Decimal` of USD in Python, an integer of micros in the database; sums and comparisons work in SQL."""

    description = "An amount in USD, stored in micros"

    # For django-stubs: what may be assigned, and what is read.
    _pyi_private_set_type: Decimal | int | Combinable  # type: ignore[assignment]
    _pyi_private_get_type: Decimal  # type: ignore[assignment]
    _pyi_lookup_exact_type: Decimal | int  # type: ignore[assignment]

    def from_db_value(self, value: int | None, expression: object, connection: object) -> Decimal | None:
        return None if value is None else from_micros(value)

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or isinstance(value, Decimal):
            return value
        if isinstance(value, float):
            raise TypeError("money is never a float")
        if isinstance(value, int):
            return Decimal(value)
        try:
            return parse(str(value))
        except BadAmount as error:
            raise ValidationError(str(error), code="invalid") from None

    def get_prep_value(self, value: Any) -> Any:
        # Expressions (F, Case …) come through here too and carry micros already.
        if value is None or hasattr(value, "resolve_expression"):
            return value
        amount = self.to_python(value)
        return None if amount is None else to_micros(amount)

    @property
    def validators(self) -> list[Callable[[Any], None]]:
        # The base class compares with the range of integers, in micros; ours compare amounts in USD.
        return [_within_range]

    def formfield(self, **kwargs: Any) -> Any:
        defaults = {"form_class": forms.DecimalField, "max_digits": 18, "decimal_places": 6}
        return models.Field.formfield(self, **{**defaults, **kwargs})

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else f"{value:f}"


def _within_range(amount: Decimal) -> None:
    if abs(amount) > LARGEST:
        raise ValidationError(_("This amount is too large."), code="too_large")
