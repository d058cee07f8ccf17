"""Addresses of a person's own settings; signing in and up are allauth's."""

from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("profile", views.profile, name="profile"),
    path("sessions", views.session_list, name="sessions"),
    path("sessions/<int:session_id>/end", views.end_session, name="end_session"),
    path("sessions/end-others", views.end_other_sessions, name="end_other_sessions"),
    path("stop-looking", views.stop_looking, name="stop_looking"),
    path("language", views.language, name="language"),
]
