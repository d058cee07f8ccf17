"""Addresses of the API: its endpoints, each with and without a slash at its end, and a customer's page of keys,
and the page that describes it all.

A redirect to the other form would turn a client's POST into a GET.
"""

from django.urls import path

from api import panel, views
from api.docs import views as docs
from api.handler import table as handler
from api.v2 import table
from api.webhooks.urls import urlpatterns as webhooks

app_name = "api"
urlpatterns = [
    path("api/v2", table.view, name="v2"),
    path("api/v2/", table.view),
    path("api/v2/panel", panel.view, name="panel"),
    path("api/v2/panel/", panel.view),
    # The address that bots have built in; only the host in front of it changes.
    path("stubs/handler_api.php", handler.view, name="handler"),
    path("stubs/handler_api.php/", handler.view),
    path("api/", docs.page, name="docs"),
    path("api/openapi.json", docs.openapi, name="openapi"),
    path("api/key", docs.make_key, name="docs_key"),
    path("account/api", views.key_list, name="keys"),
    path("account/api/<int:key_id>/revoke", views.revoke, name="revoke"),
    *webhooks,
]
