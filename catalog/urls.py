"""Addresses of the catalogue."""

from django.urls import path

from catalog import change_views, views

app_name = "catalog"
urlpatterns = [
    path("", views.catalogue, name="list"),
    path("<int:service_id>/favourite/", views.favourite, name="favourite"),
    path("<int:service_id>/wish/", views.wish, name="wish"),
    path("<int:service_id>/stock/", views.stock, name="stock"),
    path("changes/", change_views.changes, name="changes"),
    path("changes/feed/", change_views.ChangesFeed(), name="changes_feed"),
]
