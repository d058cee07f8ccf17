"""`restore FILE`: put a backup back, and keep what it says is unsent from being bought twice."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from core import heartbeat
from reconcile.restored import after_restore
from reseller.backup import CantBackUp, put_back


class Command(BaseCommand):
    help = "Replace the database by the backup in FILE and make it safe to work on; stop web and workers first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--force", action="store_true", help="even if a worker was seen a moment ago")

    def handle(self, *, file: Path, force: bool, **options: Any) -> None:
        if not force and _somebody_works():
            raise CommandError(
                f"A worker was seen less than {heartbeat.SILENT_AFTER.seconds} seconds ago. Stop web, workers and beat "
                "first."
            )
        try:
            put_back(file)
        except CantBackUp as why:
            raise CommandError(str(why)) from None
        done = after_restore(now=timezone.now())
        self.stdout.write(json.dumps({"ok": True, "uncertain": dataclasses.asdict(done)}))


def _somebody_works() -> bool:
    try:
        return heartbeat.anybody(now=timezone.now())
    except DatabaseError:  # there is no shop in it yet
        return False
