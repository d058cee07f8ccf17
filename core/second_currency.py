"""A second currency beside US dollars: about what an amount is, for reading only. Nothing is charged by it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from babel.numbers import format_currency
from django.conf import settings
from django.utils.translation import get_language, to_locale

from core.models import ExchangeRate

# The cookie with which somebody says that dollars are enough.
COOKIE = "second"
OFF = "off"
_SMALL = Decimal(1)


@dataclass(frozen=True)
class Second:
    """The operator's second currency at the rate of a day: `rate` is what one US dollar is in it."""

    code: str
    rate: Decimal
    as_of: date

    def about(self, amount: Decimal) -> str:
        """`≈ €12.30` for an amount in USD; one below 1 keeps two digits that say something (`≈ €0.0025`)."""
        value = amount * self.rate
        if value and abs(value) < _SMALL:
            value = value.quantize(Decimal(1).scaleb(min(value.adjusted() - 1, -2)))
            text = format_currency(value, self.code, locale=_locale(), decimal_quantization=False)
        else:
            text = format_currency(value, self.code, locale=_locale())
        return f"≈\u00a0{text}"


def _locale() -> str:
    return to_locale(get_language() or settings.LANGUAGE_CODE)


def current() -> Second | None:
    """The second currency, if the operator named one and gave its rate."""
    if not settings.SECOND_CURRENCY:
        return None
    row = ExchangeRate.objects.filter(currency=settings.SECOND_CURRENCY).first()
    return Second(row.currency, row.rate, row.as_of) if row else None
