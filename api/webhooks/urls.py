"""Addresses of a customer's webhooks."""

from django.urls import path

from api.webhooks import views

urlpatterns = [
    path("account/api/webhooks", views.webhook_list, name="webhooks"),
    path("account/api/webhooks/<int:hook_id>", views.webhook, name="webhook"),
    path("account/api/webhooks/<int:hook_id>/rotate", views.rotate, name="webhook_rotate"),
    path("account/api/webhooks/<int:hook_id>/switch", views.switch, name="webhook_switch"),
    path("account/api/webhooks/<int:hook_id>/remove", views.remove, name="webhook_remove"),
    path("account/api/webhooks/<int:hook_id>/test", views.test, name="webhook_test"),
    path(
        "account/api/webhooks/<int:hook_id>/deliveries/<int:delivery_id>/resend",
        views.send_again,
        name="webhook_resend",
    ),
]
