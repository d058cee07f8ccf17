"""How prices and the shelf changed, and every copy that was made."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models.shelf import Category, Service
from core.money import MoneyField


class PriceChange(models.Model):
    """A service whose cost or price became another."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="price_changes")
    old_rate = MoneyField()
    new_rate = MoneyField()
    old_price = MoneyField()
    new_price = MoneyField()
    changed_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.service_id}: {self.old_price} → {self.new_price}"


class ShelfChange(models.Model):
    """What customers may hear of a service: a price of ours that became another, or that it came or went.

    `PriceChange` is for operators: it knows costs, and moves of cost that left the price as it was.
    """

    class Kind(models.TextChoices):
        PRICE = "PRICE", _("New price")
        NEW = "NEW", _("New")
        GONE = "GONE", _("No longer offered")
        BACK = "BACK", _("Offered again")

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="shelf_changes")
    # The service's, so that a category's changes are one walk along one index.
    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    old_price = MoneyField(null=True, blank=True, help_text="USD for one rate unit.")
    new_price = MoneyField(null=True, blank=True, help_text="USD for one rate unit.")
    at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="PRICE") | Q(old_price__isnull=False, new_price__isnull=False),
                name="shelf_change_of_price_has_both",
            )
        ]
        indexes = [models.Index(fields=["category", "-id"], name="shelf_change_of_category")]

    def __str__(self) -> str:
        return f"{self.service_id}: {self.kind}"


class SyncRun(models.Model):
    """One copy of the vendor's catalogue into ours, or why it changed nothing."""

    kind = models.CharField(max_length=20)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    ok = models.BooleanField(default=False)
    whole = models.BooleanField(default=False, db_default=False, help_text="Every row was compared with ours.")
    seen = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    withdrawn = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    skipped_rows = models.JSONField(default=list, blank=True)
    problem = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=Q(finished_at=None), name="sync_one_at_a_time")
        ]
        indexes = [models.Index(fields=["kind", "ok", "-finished_at"], name="sync_newest")]

    def __str__(self) -> str:
        return f"{self.kind} at {self.started_at:%Y-%m-%d %H:%M:%S}"
