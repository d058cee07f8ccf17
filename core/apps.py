from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = "Alerts"

    def ready(self) -> None:
        from core import record

        post_migrate.connect(record.TRIGGERS.after_migrate, sender=self, dispatch_uid="core.record")
