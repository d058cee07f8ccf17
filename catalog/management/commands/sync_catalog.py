"""`sync_catalog`: bring our copy of the vendor's catalogue up to date."""

from catalog.models import SyncRun
from catalog.sync import sync_catalog
from catalog.sync_command import SyncCommand


class Command(SyncCommand):
    help = "Copy the vendor's catalogue and print what changed as JSON."

    def sync(self, *, accept_withdrawals: bool) -> SyncRun:
        return sync_catalog(accept_withdrawals=accept_withdrawals)
