"""Tell other programs of new alerts: each is POSTed as JSON to ALERT_HOOK_URL.

An alert's own row says whether and when it is to be told, so what raises one does nothing more than write it. A
sweep posts what is due, tries again ever more rarely, and gives up after `GIVE_UP`. An alert may come twice where
a worker dies between the post and its record: `key` and `at` tell.
"""

import logging
from datetime import datetime, timedelta

import requests
from django.conf import settings
from django.utils import timezone

from core.models import Alert

log = logging.getLogger(__name__)

TIMEOUT = 5.0
BATCH = 20
# Longer than a post may take: another sweep leaves it alone for so long.
CLAIMED = timedelta(seconds=30)
FIRST_BACKOFF = 10.0
LONGEST_BACKOFF = 3600.0
GIVE_UP = timedelta(days=3)


def tell_due(*, now: datetime) -> int:
    """Post the alerts that are due, oldest first; returns how many were taken.

    The first one that fails ends the round: what does not answer is not waited for twenty times.
    """
    if not settings.ALERT_HOOK_URL:
        return 0
    told = 0
    for due in Alert.objects.filter(hook_due_at__lte=now).order_by("hook_due_at", "pk")[:BATCH]:
        claimed = Alert.objects.filter(pk=due.pk, hook_due_at=due.hook_due_at).update(
            hook_due_at=timezone.now() + CLAIMED
        )
        if not claimed:
            continue
        error = _post(due)
        if error:
            _again(due, error, now)
            break
        Alert.objects.filter(pk=due.pk).update(hook_sent_at=timezone.now(), hook_due_at=None, hook_error="")
        told += 1
    return told


def backoff(tries: int) -> float:
    """Seconds to wait after so many tries: 10, 20, 40 … one hour."""
    return float(min(FIRST_BACKOFF * 2 ** min(max(tries - 1, 0), 20), LONGEST_BACKOFF))


def _post(alert: Alert) -> str:
    """Nothing when it was taken, else why not. Never the address: it may hold a token."""
    body = {
        "key": alert.key,
        "severity": alert.severity,
        "subject": alert.subject,
        "detail": alert.detail,
        "at": alert.first_at.isoformat(),
        "shop": settings.SHOP_NAME,
    }
    try:
        # A redirect is no answer, and the body of one is not read.
        with requests.post(
            settings.ALERT_HOOK_URL, json=body, timeout=TIMEOUT, allow_redirects=False, stream=True
        ) as answer:
            return "" if 200 <= answer.status_code < 300 else f"HTTP {answer.status_code}"
    except (requests.RequestException, ValueError) as error:
        return type(error).__name__


def _again(alert: Alert, error: str, now: datetime) -> None:
    tries = alert.hook_tries + 1
    over = now - alert.first_at > GIVE_UP
    Alert.objects.filter(pk=alert.pk).update(
        hook_tries=tries,
        hook_error=error[:200],
        hook_due_at=None if over else now + timedelta(seconds=backoff(tries)),
    )
    log.log(
        logging.ERROR if over else logging.WARNING,
        "the hook did not take alert %s (%s), %s",
        alert.key,
        error,
        f"given up after {tries} tries" if over else f"tried again in {backoff(tries):.0f} s",
    )
