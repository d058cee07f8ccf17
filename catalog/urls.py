"""Addresses of the catalogue."""

from django.urls import path

from catalog import views

app_name = "catalog"
urlpatterns = [
    path("", views.catalogue, name="list"),
    path("<int:service_id>/favourite/", views.favourite, name="favourite"),
    path("<int:service_id>/wish/", views.wish, name="wish"),
    path("<int:service_id>/stock/", views.stock, name="stock"),
]
