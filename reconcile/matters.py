"""Findings: how a matter that a check names becomes a row, is counted again, and is closed.

A matter that a later run no longer finds is closed by that run. One that an operator closed stays closed for
`QUIET`, as long as its figures are what they were: then, or with other figures, it is found anew.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts.models import User
from core.alerts import alert, resolve
from core.models import Alert
from core.money import ZERO
from reconcile.models import Finding

log = logging.getLogger(__name__)

QUIET = timedelta(days=1)
GONE = "A later run no longer found it."


@dataclass(frozen=True, kw_only=True)
class Matter:
    """Something that a check found. `figures` are names and values, money as exact text in USD.

    Figures tell what stays the same while nothing changes (since when, not for how long): others reopen a
    finding that an operator has just closed.
    """

    kind: str
    key: str
    subject: str
    detail: str = ""
    figures: dict[str, str] = field(default_factory=dict)
    amount: Decimal | None = None
    severity: str = Alert.Severity.WARNING


@dataclass(frozen=True)
class Change:
    """How many findings a run opened and closed."""

    opened: int
    closed: int


class CantClose(Exception):
    """The finding is not as this needs it; nothing changed."""


def keep(matters: Iterable[Matter], *, kinds: Sequence[str], now: datetime) -> Change:
    """Open a finding for each matter or count it again; close those of `kinds` that are no longer among them."""
    found = {matter.key: matter for matter in matters}
    opened = sum(_raise(matter, now) for matter in found.values())
    gone = [one for one in Finding.objects.filter(closed_at=None, kind__in=kinds) if one.key not in found]
    closed = sum(_close(finding, now, note=GONE) for finding in gone)
    return Change(opened=opened, closed=closed)


def close(*, finding_id: int, operator: User, reason: str, explained: Decimal | None = None, now: datetime) -> Finding:
    """An operator has dealt with it. Of the balance, `explained` says how many USD of the drift (negative: of a
    loss) are accounted for; the next run reckons without them. Raises `CantClose`."""
    with transaction.atomic():
        finding = Finding.objects.select_for_update().get(pk=finding_id)
        if finding.closed_at is not None:
            raise CantClose("It is closed already.")
        if finding.kind in Finding.OF_BALANCE:
            rising = finding.kind == Finding.Kind.CREDIT
            if not explained or (explained > ZERO) != rising:
                raise CantClose("Say how much of the amount is explained.")
        _close(finding, now, note=reason, operator=operator, explained=explained)
        finding.refresh_from_db()
    return finding


def _raise(matter: Matter, now: datetime) -> bool:
    """True when it is a new finding."""
    seen = {
        "kind": matter.kind,
        "severity": matter.severity,
        "subject": _clean(matter.subject)[:200],
        "detail": _clean(matter.detail),
        "figures": {_clean(name): _clean(value) for name, value in matter.figures.items()},
        "amount": matter.amount,
        "last_at": now,
    }
    with transaction.atomic():
        if Finding.objects.filter(key=matter.key, closed_at=None).update(times=F("times") + 1, **seen):
            return False
        if _dealt_with(matter.key, seen["figures"], now):
            return False
        try:
            with transaction.atomic():
                finding = Finding.objects.create(key=matter.key, first_at=now, **seen)
        except IntegrityError:  # another run in this very moment
            return False
        alert(key=finding.key, subject=matter.subject, detail=matter.detail, severity=matter.severity, now=now)
    log.warning("found %s: %s", finding.key, finding.subject)
    return True


def _dealt_with(key: str, figures: object, now: datetime) -> bool:
    """Whether an operator has just closed this very matter."""
    last = Finding.objects.filter(key=key, closed_at__gt=now - QUIET).order_by("-closed_at").first()
    return last is not None and last.closed_by_id is not None and last.figures == figures


def _close(
    finding: Finding, now: datetime, *, note: str, operator: User | None = None, explained: Decimal | None = None
) -> bool:
    with transaction.atomic():
        closed = Finding.objects.filter(pk=finding.pk, closed_at=None).update(
            closed_at=now, closed_by=operator, note=note, explained=explained
        )
        if closed:
            resolve(key=finding.key, now=now)
    return bool(closed)


def _clean(text: str) -> str:
    """PostgreSQL refuses NUL in a text."""
    return text.replace("\x00", "")
