"""Run every check, each on its own: what they find becomes findings, and one that breaks stops no other."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from core.alerts import alert, resolve
from reconcile import balance, cost, holds, silence, undelivered
from reconcile.matters import Matter, keep
from reconcile.models import Finding, Run

log = logging.getLogger(__name__)


class Check(NamedTuple):
    """One check: its name, the kinds of findings that are its own, and where it looks."""

    name: str
    kinds: Sequence[str]
    look: Callable[[Run, datetime], Iterator[Matter]]


CHECKS = (
    Check("balance", balance.KINDS, balance.look),
    Check("cost", cost.KINDS, cost.look),
    Check("silence", silence.KINDS, silence.look),
    Check("books", holds.KINDS, holds.look),
    Check("undelivered", undelivered.KINDS, undelivered.look),
)


@dataclass(frozen=True)
class Report:
    """A run, and every finding that is open after it."""

    run: Run
    findings: list[Finding] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Nothing is open, and every check could look."""
        return not self.findings and not self.run.broken


def reconcile(*, now: datetime, checks: Sequence[Check] = CHECKS) -> Report:
    """Look at everything once. Reports, and repairs nothing; only what would sell below cost goes off sale."""
    run = Run.objects.create(started_at=now)
    for check in checks:
        _check(check, run, now)
    findings = list(Finding.objects.filter(closed_at=None).order_by("pk"))
    run.findings, run.finished_at = len(findings), timezone.now()
    run.save()
    log.info("reconciled: %d findings open, %d of them new, %d closed", run.findings, run.opened, run.closed)
    return Report(run=run, findings=findings)


def _check(check: Check, run: Run, now: datetime) -> None:
    key = f"reconcile:{check.name}"
    try:
        change = keep(list(check.look(run, now)), kinds=check.kinds, now=now)
    except balance.NotNow as why:
        log.warning("reconciliation skipped the check %s: %s", check.name, why)
        run.skipped.append(check.name)
        return
    except Exception as error:
        log.exception("the check %s broke", check.name)
        run.broken.append(check.name)
        alert(
            key=key,
            subject=f"Reconciliation: the check “{check.name}” broke",
            detail=f"{type(error).__name__}; the log has more. The other checks ran; its findings stay as they were.",
            now=now,
        )
        return
    run.opened += change.opened
    run.closed += change.closed
    resolve(key=key, now=now)
