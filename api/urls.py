"""Addresses of the API: its endpoints, each with and without a slash at its end, and a customer's page of keys.

A redirect to the other form would turn a client's POST into a GET.
"""

from django.urls import path

from api import panel, views
from api.v2 import table

app_name = "api"
urlpatterns = [
    path("api/v2", table.view, name="v2"),
    path("api/v2/", table.view),
    path("api/v2/panel", panel.view, name="panel"),
    path("api/v2/panel/", panel.view),
    path("account/api", views.key_list, name="keys"),
    path("account/api/<int:key_id>/revoke", views.revoke, name="revoke"),
]
