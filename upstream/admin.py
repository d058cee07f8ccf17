"""The vendor's side in the admin: what its balance was, and when."""

from django.contrib import admin
from unfold.decorators import display

from core.admin_base import ReadOnlyAdmin, usd
from upstream.models import BalanceReading


@admin.register(BalanceReading)
class BalanceReadingAdmin(ReadOnlyAdmin):
    list_display = ("read_at", "balance_usd", "quiet")
    list_filter = ("quiet",)
    date_hierarchy = "read_at"
    ordering = ("-read_at",)
    fields = (("read_at", "balance_usd", "quiet"),)
    readonly_fields = ("balance_usd",)

    @display(description="Balance", ordering="balance")
    def balance_usd(self, reading: BalanceReading) -> str:
        return usd(reading.balance)
