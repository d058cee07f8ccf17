"""Addresses of the wallet."""

from django.urls import path

from wallet import views

app_name = "wallet"
urlpatterns = [
    path("", views.statement, name="statement"),
    path("statement.csv", views.statement_csv, name="statement_csv"),
]
