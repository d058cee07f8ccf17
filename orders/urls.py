"""Addresses of orders, and of the order form of a service."""

from django.urls import path, re_path

from orders import views
from orders.plans import views as plan_views

app_name = "orders"
urlpatterns = [
    path("services/<int:service_id>/", views.service, name="service"),
    path("orders/", views.order_list, name="list"),
    path("orders/export.csv", views.orders_csv, name="export"),
    path("orders/plans/", plan_views.plan_list, name="plans"),
    path("orders/plans/<int:plan_id>/", plan_views.detail, name="plan"),
    path("orders/plans/<int:plan_id>/<slug:act>/", plan_views.change, name="change_plan"),
    path("orders/<int:order_id>/", views.detail, name="detail"),
    path("orders/<int:order_id>/again/", views.again, name="again"),
    path("orders/<int:order_id>/items/", views.reveal, name="reveal"),
    re_path(r"^orders/(?P<order_id>[0-9]{1,18})/items\.(?P<kind>txt|csv)$", views.items_file, name="items_file"),
]
