"""Deleted accounts, to be read."""

from django.contrib import admin

from core.admin_base import ReadOnlyAdmin, moment_column, usd_column
from privacy.models import Deletion


@admin.register(Deletion)
class DeletionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "deleted", "given_up_usd")
    ordering = ("-pk",)
    search_fields = ("customer__email",)
    search_numbers = ("customer_id",)
    fields = (("customer", "deleted", "given_up_usd"),)

    deleted = moment_column("at", "Deleted")
    given_up_usd = usd_column("given_up", "Given up")
