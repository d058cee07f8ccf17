"""Addresses of what spans rooms; the front page itself stands in reseller/urls.py."""

from django.urls import path

from storefront import views

app_name = "storefront"
urlpatterns = [
    path("search/", views.search, name="search"),
    path("currency/", views.currency, name="currency"),
]
