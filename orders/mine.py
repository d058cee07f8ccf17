"""Whose orders a page may show: the signed-in customer's own, and nobody else's."""

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from orders import shown
from orders.models import Order


def customer_of(request: HttpRequest) -> User:
    """Who is signed in; for views that asked for a log-in first."""
    user: Any = request.user
    return user


def own_order(request: HttpRequest, order_id: int) -> Order:
    """An order of the customer's own, with its service: another's does not exist for them (404)."""
    return get_object_or_404(shown.of_customer(customer_of(request)), pk=order_id)
