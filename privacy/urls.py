"""Addresses of what people may ask about themselves."""

from django.urls import path

from privacy import views

app_name = "privacy"
urlpatterns = [
    path("data", views.data, name="data"),
    path("data/copy", views.copy, name="copy"),
    path("delete", views.delete, name="delete"),
    path("deleted", views.deleted, name="deleted"),
]
