"""What beat runs for the wallet."""

from celery import shared_task
from django.utils import timezone

from wallet import referral


@shared_task(name="wallet.tasks.credit_referrals")
def credit_referrals() -> None:
    """Credit referrers with what has become due."""
    referral.credit(now=timezone.now())
