"""`restore FILE`: put a backup back, and keep what it says is unsent from being bought twice."""

import dataclasses
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from reconcile.restored import after_restore
from reseller.backup import CantBackUp, put_back
from reseller.health import WORKER_SILENT_AFTER
from reseller.models import Heartbeat


class Command(BaseCommand):
    help = "Replace the database by the backup in FILE and make it safe to work on; stop web and workers first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--force", action="store_true", help="even if a worker was seen a moment ago")

    def handle(self, *, file: Path, force: bool, **options: Any) -> None:
        if not force and _somebody_works():
            raise CommandError(
                f"A worker was seen less than {WORKER_SILENT_AFTER:.0f} seconds ago. Stop web, workers and beat first."
            )
        try:
            put_back(file)
        except CantBackUp as why:
            raise CommandError(str(why)) from None
        done = after_restore(now=timezone.now())
        self.stdout.write(json.dumps({"ok": True, "uncertain": dataclasses.asdict(done)}))


def _somebody_works() -> bool:
    since = timezone.now() - timedelta(seconds=WORKER_SILENT_AFTER)
    try:
        return Heartbeat.objects.filter(name=Heartbeat.WORKER, beaten_at__gt=since).exists()
    except DatabaseError:  # there is no shop in it yet
        return False
