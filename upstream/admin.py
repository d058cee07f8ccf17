"""The vendor's side in the admin: what its balance was, and when."""

from django.contrib import admin

from core.admin_base import ReadOnlyAdmin, moment_column, usd_column
from upstream.models import BalanceReading


@admin.register(BalanceReading)
class BalanceReadingAdmin(ReadOnlyAdmin):
    list_display = ("read", "balance_usd")
    date_hierarchy = "read_at"
    ordering = ("-read_at",)
    fields = (("read", "balance_usd"),)
    readonly_fields = ("read", "balance_usd")

    read = moment_column("read_at", "Read")
    balance_usd = usd_column("balance", "Balance")
