"""`sync_catalog`: bring our copy of the vendor's catalogue up to date."""

from argparse import ArgumentParser
from typing import Any

from catalog.models import SyncRun
from catalog.sync import sync_catalog
from catalog.sync_command import SyncCommand


class Command(SyncCommand):
    help = "Copy the vendor's catalogue and print what changed as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--whole",
            action="store_true",
            help="compare every row, also those that are known to be as they were; once a day it is done by itself",
        )

    def sync(self, *, accept_withdrawals: bool, **options: Any) -> SyncRun:
        return sync_catalog(accept_withdrawals=accept_withdrawals, whole=options["whole"])
