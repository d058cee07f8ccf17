"""Addresses of the shop's terms."""

from django.urls import path

from accounts import terms_views as views

app_name = "terms"
urlpatterns = [
    path("", views.current, name="current"),
    path("accept/", views.accept, name="accept"),
    path("<int:version>/", views.version, name="version"),
]
