"""Addresses of a person's own settings; signing in and up are allauth's."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("profile", views.profile, name="profile"),
    path("language", views.language, name="language"),
]
