"""Addresses of numbers for SMS codes."""

from django.urls import path

from sms import views

app_name = "sms"
urlpatterns = [
    path("", views.sites, name="sites"),
    path("site/<int:site_id>/", views.site, name="site"),
    path("project/<int:project_id>/", views.project, name="project"),
    path("project/<int:project_id>/favourite/", views.favourite, name="favourite"),
    path("board/", views.board, name="board"),
    path("history/", views.history, name="history"),
    path("history.csv", views.history_csv, name="history_csv"),
    path("numbers/<int:number_id>/finish/", views.finish, name="finish"),
]
