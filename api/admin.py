"""Customers' keys in the admin: whose they are and when they were last used; an operator may revoke one."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.enums import ActionVariant

from api import keys
from api.handler.admin import CountryCodeAdmin, ServiceCodeAdmin
from api.models import Key
from api.webhooks.admin import DeliveryAdmin, WebhookAdmin
from core.admin_acts import Act, ActsAdmin, Done
from core.admin_base import NOTHING, ReadOnlyAdmin, moment, moment_column, number_column, page_link, pill


class Revoke(Act[Key]):
    """Live → revoked."""

    path = "revoke"
    title = "Revoke it"
    button = "Revoke it"
    icon = "key_off"
    permission = "api.change_key"
    variant = ActionVariant.DANGER

    def fits(self) -> bool:
        return self.row.revoked_at is None

    def says(self) -> list[str]:
        return [
            "Programs that use this key are refused from then on, and this can't be undone. No money moves; orders "
            "that were placed with it go on.",
        ]

    def facts(self) -> list[tuple[str, str]]:
        return [("Customer", str(self.row.customer)), ("Last used", moment(self.row.last_used_at))]

    def run(self, given: dict[str, Any], now: datetime) -> Done:
        keys.revoke(key_id=self.row.pk, customer=self.row.customer, now=now)
        return Done(f"{self.row} is revoked.")


@admin.register(Key)
class KeyAdmin(ReadOnlyAdmin, ActsAdmin):
    list_display = ("number", "customer_page", "name", "prefix", "label", "created", "used")
    list_display_links = ("number",)
    list_filter = ("scope", "created_at", "last_used_at")
    list_select_related = ("customer",)
    search_fields = ("customer__email", "name", "prefix")
    search_help_text = "E-mail address, name, or how the key begins"
    ordering = ("-pk",)
    acts = (Revoke,)
    fields = (("customer_page", "name", "prefix"), ("label", "where"), ("created", "used", "revoked"))
    readonly_fields = ("customer_page", "name", "prefix", "label", "where", "created", "used", "revoked")

    number = number_column()
    created = moment_column("created_at", "Made")
    used = moment_column("last_used_at", "Last used")
    revoked = moment_column("revoked_at", "Revoked")

    @display(description="Customer", ordering="customer")
    def customer_page(self, key: Key) -> SafeString:
        return page_link("accounts_user_change", key.customer_id, str(key.customer))

    @display(description="May", ordering="scope")
    def label(self, key: Key) -> SafeString:
        if key.revoked_at is not None:
            return pill("Revoked", "danger")
        return pill("Buy", "success") if key.may_buy else pill("Read", "")

    @display(description="From")
    def where(self, key: Key) -> str:
        return ", ".join(key.networks) or NOTHING


# Registered where they are written; named here, so that Django finds them.
__all__ = ["CountryCodeAdmin", "DeliveryAdmin", "KeyAdmin", "ServiceCodeAdmin", "WebhookAdmin"]
