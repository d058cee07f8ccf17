"""E-mails that the mail server did not take, and alerts that the hook did not take.

What a mail server takes and drops later comes back to the sender's address, and is not seen here.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max

from core.models import Alert, MailFailure
from reconcile.matters import Matter
from reconcile.models import Finding, Run

KINDS = [Finding.Kind.MAIL, Finding.Kind.HOOK]
LATELY = timedelta(days=1)
HOOK_LATE = timedelta(hours=1)
NAMED = 10


def look(run: Run, now: datetime) -> Iterator[Matter]:
    """One matter for all e-mails of the last day, and one for all alerts that the hook did not take."""
    yield from _mails(now)
    yield from _hook(now)


def _mails(now: datetime) -> Iterator[Matter]:
    key = "mail:undelivered"
    dealt_with = Finding.objects.filter(key=key, closed_by__isnull=False).aggregate(at=Max("closed_at"))["at"]
    failures = MailFailure.objects.filter(at__gt=max(now - LATELY, dealt_with) if dealt_with else now - LATELY)
    count = failures.count()
    if not count:
        return
    newest = list(failures.order_by("-pk")[:NAMED])
    lines = [f"{one.at:%Y-%m-%d %H:%M} UTC to {one.recipients}: {one.subject} ({one.error})" for one in newest]
    yield Matter(
        kind=Finding.Kind.MAIL,
        key=key,
        subject=f"{count} e-mails could not be sent in the last day" if count > 1 else "An e-mail could not be sent",
        detail="\n".join(lines) + "\nCheck EMAIL_URL and the mail server; these are not sent again by themselves.",
        figures={"Failed": str(count), "Last error": newest[0].error},
    )


def _hook(now: datetime) -> Iterator[Matter]:
    if not settings.ALERT_HOOK_URL:
        return
    untold = Alert.objects.filter(hook_sent_at=None, first_at__lt=now - HOOK_LATE).exclude(hook_error="")
    # Those that were given up long ago tell nothing about the hook of today.
    untold = untold.filter(first_at__gt=now - 7 * LATELY)
    count = untold.count()
    if count:
        last = untold.order_by("-pk").first()
        error = last.hook_error if last else ""
        yield Matter(
            kind=Finding.Kind.HOOK,
            key="hook:undelivered",
            subject=f"{count} alerts did not reach the hook" if count > 1 else "An alert did not reach the hook",
            detail=f"The last error was: {error}. Check ALERT_HOOK_URL; it is tried again for three days.",
            figures={"Alerts": str(count), "Last error": error},
        )
