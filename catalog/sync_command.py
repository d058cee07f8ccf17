"""What `sync_catalog` and its siblings have in common: run one sync, print its figures as JSON."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.models import SyncRun
from catalog.runs import SyncFailed


class SyncCommand(BaseCommand):
    """A command around one sync."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--accept-withdrawals",
            action="store_true",
            help="also when more than a fifth of what is on sale is gone from the vendor's answer",
        )

    def sync(self, *, accept_withdrawals: bool, **options: Any) -> SyncRun:
        """Make the copy; `options` are the command's own. Raises `SyncFailed`."""
        raise NotImplementedError

    def handle(self, *, accept_withdrawals: bool, **options: Any) -> None:
        try:
            run = self.sync(accept_withdrawals=accept_withdrawals, **options)
        except SyncFailed as error:
            raise CommandError(f"Nothing changed: {error}") from None
        for row in run.skipped_rows:
            self.stderr.write(f"skipped {row!r}")
        seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0
        shown = {name: getattr(run, name) for name in ("seen", "added", "changed", "withdrawn", "skipped")}
        self.stdout.write(json.dumps({**shown, "seconds": round(seconds, 3)}))
