from django.apps import AppConfig


class FundsConfig(AppConfig):
    name = "funds"
    verbose_name = "Money in"

    def ready(self) -> None:
        # Importing them registers them.
        from funds import checks  # noqa: F401
