"""`after_restore`: make a database safe that was restored by other means than `manage.py restore`."""

import dataclasses
import json
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from reconcile.restored import after_restore


class Command(BaseCommand):
    help = "After a backup or snapshot was put back and before a worker starts: nothing in it is bought twice."

    def handle(self, **options: Any) -> None:
        done = after_restore(now=timezone.now())
        self.stdout.write(json.dumps({"ok": True, "uncertain": dataclasses.asdict(done)}))
