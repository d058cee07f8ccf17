"""Addresses of the switches for e-mails, and of the link that switches a kind off."""

from django.urls import path

from notices import views

app_name = "notices"
urlpatterns = [
    path("account/notices", views.switches, name="switches"),
    path("notices/stop/<str:token>", views.stop, name="stop"),
]
