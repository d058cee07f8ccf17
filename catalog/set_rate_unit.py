"""An operator says what a `rate` of the vendor's buys; every service of that kind follows at once."""

from datetime import datetime

from django.db import transaction

from catalog.models import Service
from upstream.models import RateUnit


class BadUnit(ValueError):
    """A unit that counts nothing."""


def set_rate_unit(*, entity: str, unit: int, now: datetime) -> int:
    """One `rate` of services of the kind `entity` is for `unit` pieces; returns how many services changed.

    Rate and price stay what they are, for the new unit: a service of $2 for 1,000 becomes one of $2 each. Orders keep
    the unit that they were placed with. Raises `BadUnit`.
    """
    if unit < 1:
        raise BadUnit("A rate buys one piece at least.")
    with transaction.atomic():
        RateUnit.objects.update_or_create(entity=entity, defaults={"unit": unit, "answered_at": now})
        return Service.objects.filter(entity=entity).exclude(unit=unit).update(unit=unit, changed_at=now)
