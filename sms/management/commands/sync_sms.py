"""`sync_sms`: bring our copy of the vendor's countries and projects up to date."""

from typing import Any

from catalog.models import SyncRun
from catalog.sync_command import SyncCommand
from sms.sync import sync_sms


class Command(SyncCommand):
    help = "Copy the vendor's countries and projects and print what changed as JSON."

    def sync(self, *, accept_withdrawals: bool, **options: Any) -> SyncRun:
        return sync_sms(accept_withdrawals=accept_withdrawals)
