"""The admin's pages: its first one, each list, and one row of each."""

from collections.abc import Iterator

from django.contrib import admin
from django.urls import reverse

from tests.lived_in import LivedIn


def addresses(shop: LivedIn) -> Iterator[tuple[str, str]]:
    """(name, path) of each page."""
    yield "index", reverse("admin:index")
    for model in sorted(admin.site._registry, key=lambda each: each._meta.label_lower):
        name = model._meta.label_lower.replace(".", "_")
        yield f"{name}-list", reverse(f"admin:{name}_changelist")
        row = model._default_manager.first()
        if row is not None:
            yield f"{name}-row", reverse(f"admin:{name}_change", args=[row.pk])
    uncertain = shop.orders["UNCERTAIN"].pk
    for act in ("found", "send_again", "give_up"):
        yield f"orders_order-{act}", reverse(f"admin:orders_order_{act}", args=[uncertain])
    yield "orders_order-uncertain", reverse("admin:orders_order_change", args=[uncertain])
    yield "orders_order-refund", reverse("admin:orders_order_refund", args=[shop.orders["COMPLETED"].pk])
    yield "wallet_account-adjust", reverse("admin:wallet_account_adjust", args=[shop.customer.account.pk])
