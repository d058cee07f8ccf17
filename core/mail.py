"""Send e-mail through EMAIL_URL's backend, and keep a row of each one that it did not take.

A failure is what it always was to the caller: raised, or swallowed where `fail_silently` says so. The row is for
the operators, who would not hear of it otherwise. It keeps no text of the e-mail: links in it open accounts.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, transaction
from django.utils import timezone

from core.models import MailFailure

log = logging.getLogger(__name__)

KEPT = timedelta(days=90)


class Backend(BaseEmailBackend):
    """EMAIL_DELIVERY_BACKEND, watched."""

    def __init__(self, fail_silently: bool = False, **options: Any) -> None:
        super().__init__(fail_silently=fail_silently)
        # It has to raise, or we would not know.
        self._inner = get_connection(settings.EMAIL_DELIVERY_BACKEND, fail_silently=False, **options)

    def open(self) -> bool | None:
        try:
            return self._inner.open()
        except Exception:
            if not self.fail_silently:
                raise
            return None

    def close(self) -> None:
        try:
            self._inner.close()
        except Exception:
            if not self.fail_silently:
                raise

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Send each by itself over one connection; returns how many were taken."""
        if not email_messages:
            return 0
        sent = 0
        opened = False
        try:
            for message in email_messages:
                try:
                    opened = bool(self._inner.open()) or opened
                    sent += self._inner.send_messages([message]) or 0
                except Exception as error:
                    _note(message, error)
                    if not self.fail_silently:
                        raise
        finally:
            if opened:
                self.close()
        return sent


def forget(*, now: datetime) -> None:
    """Drop failures that nobody will look at any more: they name people."""
    MailFailure.objects.filter(at__lt=now - KEPT).delete()


def _note(message: EmailMessage, error: Exception) -> None:
    # Not the error's own text: it may quote the message, or a password.
    name = type(error).__name__
    code = getattr(error, "smtp_code", None) or getattr(error, "errno", None)
    why = f"{name} {code}" if code else name
    log.error("an e-mail could not be sent: %s", why)
    try:
        with transaction.atomic():
            MailFailure.objects.create(
                recipients=", ".join(message.recipients())[:500].replace("\x00", ""),
                subject=str(message.subject)[:200].replace("\x00", ""),
                error=why[:200],
                at=timezone.now(),
            )
    except DatabaseError:
        log.exception("that an e-mail could not be sent could not be written down")
