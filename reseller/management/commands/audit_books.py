"""`audit_books`: prove that no cent is lost. Exit code 1 when something does not add up."""

import dataclasses
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand

from reseller.books import audit


class Command(BaseCommand):
    help = "Compare balances, holds, transfers and orders; print the result as JSON. Reports, never repairs."

    def handle(self, **options: Any) -> None:
        found = audit()
        self.stdout.write(json.dumps({"ok": not found.problems, **dataclasses.asdict(found)}))
        if found.problems:
            for problem in found.problems:
                self.stderr.write(problem)
            sys.exit(1)
