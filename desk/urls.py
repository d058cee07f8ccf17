"""Addresses of the help pages."""

from django.urls import path

from desk import views

app_name = "desk"
urlpatterns = [
    path("", views.index, name="help"),
    path("new/", views.new, name="new"),
    path("requests/<int:request_id>/", views.thread, name="request"),
    path("announcements/", views.announcements, name="announcements"),
    path("announcements/<int:announcement_id>/away/", views.put_away, name="put_away"),
]
