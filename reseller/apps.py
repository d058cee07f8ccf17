from django.apps import AppConfig


class ResellerConfig(AppConfig):
    name = "reseller"
    verbose_name = "Shop"

    def ready(self) -> None:
        # Every process that may hand out a task must know the broker, the web server's too.
        from reseller import celery  # noqa: F401
