"""`backup FILE`: copy the database to a file while the shop runs."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reseller.backup import CantBackUp, back_up


class Command(BaseCommand):
    help = "Back the database up to FILE while the shop runs; prints JSON. docs/backup.md says what else to keep."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="must not be there yet")

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            back_up(file)
        except CantBackUp as why:
            raise CommandError(str(why)) from None
        self.stdout.write(json.dumps({"ok": True, "file": str(file), "bytes": file.stat().st_size}))
