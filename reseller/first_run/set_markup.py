"""Set what is added to everything, for services and for numbers."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from catalog.models import MarkupRule
from catalog.reprice import reprice
from reseller.first_run.prices import first_number_rule, first_rule
from sms.models import MarkupRule as NumberRule
from sms.pricing import reprice as reprice_numbers


def set_markup(*, services: Decimal, numbers: Decimal, now: datetime) -> int:
    """Per cent for everything that has no rule of its own; returns how many prices changed.

    The other figures of the two rules stay as they are.
    """
    with transaction.atomic():
        rule = first_rule() or MarkupRule(active=True)
        rule.percent = services
        rule.save()
        number_rule = first_number_rule() or NumberRule(active=True)
        number_rule.percent = numbers
        number_rule.save()
        return reprice(now=now) + reprice_numbers(now=now)
