"""What one `rate` buys: an operator's answer where there is one, and else the settings (docs/upstream.md, ruling 2)."""

from django.conf import settings

from upstream.models import RateUnit


def answered() -> set[str]:
    """The kinds of services (`RateUnit.Entity`) for which an operator has answered."""
    return set(RateUnit.objects.values_list("entity", flat=True))


def rate_units() -> dict[str, int]:
    """How many pieces a `rate` is for, by kind of service."""
    Entity = RateUnit.Entity
    told = {
        Entity.SMM.value: settings.UPSTREAM_RATE_UNIT_SMM,
        Entity.PRODUCT.value: settings.UPSTREAM_RATE_UNIT_PRODUCT,
    }
    return told | dict(RateUnit.objects.values_list("entity", "unit"))
