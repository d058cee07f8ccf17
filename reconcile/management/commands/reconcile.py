"""`reconcile`: compare the vendor's balance, orders and books now. Exit code 1 when a finding is open."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from core.money import plain
from reconcile.models import Finding
from reconcile.run import reconcile


class Command(BaseCommand):
    help = "Run every check of the reconciliation and print the open findings as JSON, money in USD."

    def handle(self, **options: Any) -> None:
        report = reconcile(now=timezone.now())
        run = report.run
        told = {
            "ok": report.clean,
            "balance": None if run.balance is None else plain(run.balance),
            "drift": None if run.drift is None else plain(run.drift),
            "opened": run.opened,
            "closed": run.closed,
            "broken": run.broken,
            "skipped": run.skipped,
            "findings": [_as_json(finding) for finding in report.findings],
        }
        self.stdout.write(json.dumps(told, ensure_ascii=False))
        if not report.clean:
            sys.exit(1)


def _as_json(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "key": finding.key,
        "severity": finding.severity,
        "subject": finding.subject,
        "amount": None if finding.amount is None else plain(finding.amount),
        "figures": finding.figures,
        "times": finding.times,
        "first_at": finding.first_at.isoformat(),
        "last_at": finding.last_at.isoformat(),
    }
