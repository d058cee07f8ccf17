"""`first_run`: everything the first-run page looks at, for scripts. Exit code 1 when something is in the way."""

import dataclasses
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from reseller.first_run.groups import GROUPS, in_the_way, look_at_all


class Command(BaseCommand):
    help = "Check what a shop needs before its first sale; with --json the result is one JSON object."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
        parser.add_argument("--operator", metavar="EMAIL", help="whose second factor is looked at, too")

    def handle(self, *, json: bool, operator: str | None, **options: Any) -> None:
        who = User.objects.filter(email__iexact=operator, is_staff=True).first() if operator else None
        if operator and who is None:
            raise CommandError(f"There is no operator {operator}.")
        results = look_at_all(who)
        stops = in_the_way(results)
        if json:
            self.stdout.write(_as_json(results, ok=not stops))
        else:
            for group in GROUPS:
                for result in results[group.name]:
                    self.stdout.write(f"{result.state:5}  {result.title}: {result.words} {result.todo}".rstrip())
        if stops:
            sys.exit(1)


def _as_json(results: dict[str, list[Any]], *, ok: bool) -> str:
    checks = [{"group": name, **dataclasses.asdict(result)} for name, group in results.items() for result in group]
    return json.dumps({"ok": ok, "checks": checks})
