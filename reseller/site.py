"""The admin's site: Unfold's, which lists all models only for the page that shows such a list."""

from typing import Any

from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from unfold.sites import UnfoldAdminSite


class Config(AdminConfig):
    """Django's admin with the site of the shop."""

    default = True
    default_site = "reseller.site.Site"


class Site(UnfoldAdminSite):
    """Where the shop's operators work."""

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """As Django's, put together when somebody looks: every page asks for it, and hardly one shows it."""
        return SimpleLazyObject(lambda: super(Site, self).get_app_list(request, app_label))
