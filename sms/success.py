"""How often a customer's numbers get a code: few codes of many numbers is how numbers are misused.

Counted for everybody at once, every few minutes, into a row for each customer, so that lists can be sorted by it.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q

from core import alerts
from sms import states
from sms.models import Number, SuccessRate

# Rows are written in parts: no transaction of ours keeps purchases waiting.
PART = 500


def count(*, now: datetime) -> int:
    """Count the numbers that ended in the last SMS_SUCCESS_DAYS; returns how many customers had any.

    An alert is raised for whoever is below SMS_SUCCESS_BELOW per cent with SMS_SUCCESS_FROM numbers, and closed for
    whoever is not any more.
    """
    since = now - timedelta(days=settings.SMS_SUCCESS_DAYS)
    ended = Number.objects.filter(finished_at__gte=since).exclude(state__in=states.LIVE)
    figures = list(
        ended.values("purchase__customer")
        .annotate(numbers=Count("pk"), codes=Count("pk", filter=Q(first_code_at__isnull=False)))
        .values_list("purchase__customer", "numbers", "codes")
    )
    rows = [
        SuccessRate(customer_id=customer, numbers=numbers, codes=codes, percent=100 * codes // numbers, counted_at=now)
        for customer, numbers, codes in figures
    ]
    for start in range(0, len(rows), PART):
        SuccessRate.objects.bulk_create(
            rows[start : start + PART],
            update_conflicts=True,
            unique_fields=["customer"],
            update_fields=["numbers", "codes", "percent", "counted_at"],
        )
    with transaction.atomic():
        SuccessRate.objects.filter(counted_at__lt=now).delete()
        _tell(now)
    return len(rows)


def _tell(now: datetime) -> None:
    low = SuccessRate.objects.filter(numbers__gte=settings.SMS_SUCCESS_FROM, percent__lt=settings.SMS_SUCCESS_BELOW)
    open_keys = set(alerts.open_keys(prefix="customer:", suffix=":success"))
    for rate in low:
        key = f"customer:{rate.customer_id}:success"
        if key not in open_keys:
            alerts.alert(
                key=key,
                subject=f"Customer {rate.customer_id}: few codes for many numbers",
                detail=f"{rate.codes} codes came to {rate.numbers} numbers in {settings.SMS_SUCCESS_DAYS} days.",
                now=now,
            )
        open_keys.discard(key)
    for key in open_keys:
        alerts.resolve(key=key, now=now)
