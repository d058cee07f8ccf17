"""When somebody took a copy of their data, and when an account was deleted."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.money import MoneyField


class Export(models.Model):
    """A copy of somebody's data that was handed to them."""

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="exports")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["customer", "-at"], name="export_newest")]

    def __str__(self) -> str:
        return f"Export at {self.at:%Y-%m-%d %H:%M:%S}"


class Deletion(models.Model):
    """An account that its owner deleted: the row of the person stays for the books, without the person."""

    customer = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="deletion")
    at = models.DateTimeField()
    given_up = MoneyField(default=Decimal(0), help_text="USD that were left and given up.")

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=Q(given_up__gte=0), name="deletion_gives_up_no_debt")]

    def __str__(self) -> str:
        return f"Account {self.customer_id}"
