"""The admin's site: Unfold's, which lists all models only for the page that shows such a list."""

import sys
from pathlib import Path
from typing import Any

from django.contrib.admin.apps import AdminConfig, SimpleAdminConfig
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite


class Config(AdminConfig):
    """Django's admin with the site of the shop."""

    default = True
    default_site = "reseller.site.Site"

    def ready(self) -> None:
        """As Django's; a Celery process finds the admin's modules when it first asks for an address (`urls.py`).

        They are a third of Django's start there, and 18 MB.
        """
        program = Path(sys.argv[0])
        if program.name == "celery" or program.parts[-2:] == ("celery", "__main__.py"):
            SimpleAdminConfig.ready(self)
        else:
            super().ready()


class Site(UnfoldAdminSite):
    """Where the shop's operators work."""

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """As Django's, put together when somebody looks: every page asks for it, and hardly one shows it."""
        return SimpleLazyObject(lambda: super(Site, self).get_app_list(request, app_label))
