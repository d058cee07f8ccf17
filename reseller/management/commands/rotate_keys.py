"""`rotate_keys`: everything that is encrypted in the database under the newest of FIELD_ENCRYPTION_KEYS."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from accounts import second_factor
from core import rotate


class Command(BaseCommand):
    help = "Encrypt everything that an older key encrypted anew, and print counts as JSON; 1 while a row is unreadable."

    def handle(self, **options: Any) -> None:
        done = {f"{model._meta.label}.{name}": rotate.rotate(model, name) for model, name in rotate.columns()}
        done["mfa.Authenticator.data"] = second_factor.rotate()
        for column, result in done.items():
            for pk in result.unreadable:
                self.stderr.write(f"{column} of row {pk}: none of the keys fits")
        unreadable = sum(len(result.unreadable) for result in done.values())
        self.stdout.write(
            json.dumps(
                {
                    "anew": sum(result.anew for result in done.values()),
                    "already": sum(result.already for result in done.values()),
                    "unreadable": unreadable,
                }
            )
        )
        if unreadable:
            raise SystemExit(1)
