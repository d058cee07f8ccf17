"""Addresses of adding funds, beside the wallet's own."""

from django.urls import path

from funds import views

app_name = "funds"
urlpatterns = [
    path("add/", views.add, name="add"),
    path("voucher/", views.voucher, name="voucher"),
    path("top-ups/", views.top_ups, name="top_ups"),
    path("top-ups/<uuid:token>/", views.top_up, name="top_up"),
    path("top-ups/<uuid:token>/pay/", views.pay, name="pay"),
    path("top-ups/<uuid:token>/test/", views.pay_by_dummy, name="pay_by_dummy"),
    path("top-ups/<uuid:token>/proof/", views.hand_in, name="hand_in"),
    path("proofs/<int:proof_id>/", views.proof, name="proof"),
    path("receipts/<int:transfer_id>/", views.receipt, name="receipt"),
]
