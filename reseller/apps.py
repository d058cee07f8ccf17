from django.apps import AppConfig


class ResellerConfig(AppConfig):
    name = "reseller"
    verbose_name = "Shop"

    def ready(self) -> None:
        # Every process that may hand out a task must know the broker, the web server's too.
        from reseller import celery  # noqa: F401
        from reseller.observe.sentry import report_errors
        from reseller.observe.tasks import watch

        watch()
        report_errors()
