from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = "Catalogue"

    def ready(self) -> None:
        from catalog import edition, touched

        post_migrate.connect(edition.after_migrate, sender=self, dispatch_uid="catalog.edition")
        pre_migrate.connect(touched.before_migrate, sender=self, dispatch_uid="catalog.untouched")
        post_migrate.connect(touched.after_migrate, sender=self, dispatch_uid="catalog.touched")
