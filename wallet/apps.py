from django.apps import AppConfig
from django.db.models.signals import post_migrate

from wallet import guards


class WalletConfig(AppConfig):
    name = "wallet"
    verbose_name = "Books"

    def ready(self) -> None:
        post_migrate.connect(guards.TRANSFERS.after_migrate, sender=self, dispatch_uid="wallet.guards")
