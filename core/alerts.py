"""Tell the operators: a row, a log line, and the first time an e-mail and a post to the hook (`core.hook`)."""

import logging
from datetime import datetime

from django.conf import settings
from django.core.mail import mail_admins
from django.db import IntegrityError, transaction
from django.db.models import F

from core.masking import hide
from core.models import Alert

log = logging.getLogger(__name__)


def alert(
    *,
    key: str,
    subject: str,
    detail: str = "",
    severity: str = Alert.Severity.WARNING,
    now: datetime,
) -> None:
    """Raise the matter `key`, or count it again while it is open.

    `detail` may quote the vendor: it is stored and shown as text. The e-mail goes to ADMINS once, after the
    surrounding transaction commits; a mail server that is down loses no alert, since the row is the truth.
    """
    # PostgreSQL refuses NUL in a text.
    subject, detail = hide(subject.replace("\x00", ""))[:200], hide(detail.replace("\x00", ""))
    again = Alert.objects.filter(key=key, resolved_at=None).update(
        times=F("times") + 1, last_at=now, subject=subject, detail=detail, severity=severity
    )
    if again:
        return
    try:
        with transaction.atomic():
            Alert.objects.create(
                key=key,
                subject=subject,
                detail=detail,
                severity=severity,
                first_at=now,
                last_at=now,
                hook_due_at=now if settings.ALERT_HOOK_URL else None,
            )
    except IntegrityError:  # raised by another process in this very moment
        return
    log.warning("alert %s: %s", key, subject)
    transaction.on_commit(lambda: mail_admins(subject, detail or subject, fail_silently=True), robust=True)


def resolve(*, key: str, now: datetime) -> None:
    """Close the matter `key`; nothing happens when it isn't open."""
    Alert.objects.filter(key=key, resolved_at=None).update(resolved_at=now)


def open_keys(*, prefix: str, suffix: str) -> list[str]:
    """The keys of open matters that begin and end so."""
    found = Alert.objects.filter(resolved_at=None, key__startswith=prefix, key__endswith=suffix)
    return list(found.values_list("key", flat=True))
