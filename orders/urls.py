"""Addresses of orders, and of the order form of a service."""

from django.urls import path, re_path

from orders import views, views_goods, views_list, views_mass
from orders.plans import views as plan_views

app_name = "orders"
urlpatterns = [
    path("services/<int:service_id>/", views.service, name="service"),
    path("orders/", views_list.order_list, name="list"),
    path("orders/mass/", views_mass.mass, name="mass"),
    path("orders/export.csv", views_list.orders_csv, name="export"),
    path("orders/plans/", plan_views.plan_list, name="plans"),
    path("orders/plans/<int:plan_id>/", plan_views.detail, name="plan"),
    path("orders/plans/<int:plan_id>/<slug:act>/", plan_views.change, name="change_plan"),
    path("orders/<int:order_id>/", views.detail, name="detail"),
    path("orders/<int:order_id>/again/", views.again, name="again"),
    path("orders/<int:order_id>/items/", views_goods.reveal, name="reveal"),
    path("orders/<int:order_id>/items/copied", views_goods.copied, name="copied"),
    re_path(r"^orders/(?P<order_id>[0-9]{1,18})/items\.(?P<kind>txt|csv)$", views_goods.items_file, name="items_file"),
]
