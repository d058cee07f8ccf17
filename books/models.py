"""What each day brought, kept as sums: of the whole shop, of each thing that was sold, and of each customer.

Everything in here is made of other rows by `books.count` and can be made again; nothing else writes it.
"""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.models import Service
from core.money import MoneyField
from sms.models import Project


class Earned:
    """What `sales`, `refunds` and `cost`, in USD, leave."""

    sales: Any
    refunds: Any
    cost: Any

    @property
    def revenue(self) -> Decimal:
        """USD: sales less refunds."""
        revenue: Decimal = self.sales - self.refunds
        return revenue

    @property
    def margin(self) -> Decimal:
        """USD that are left of the revenue."""
        return self.revenue - self.cost


class Figures(Earned, models.Model):
    """What was sold in a day of the shop's own time zone. Amounts are USD."""

    day = models.DateField()
    sold = models.PositiveIntegerField(default=0, help_text="Orders and numbers that were paid for.")
    refunded = models.PositiveIntegerField(default=0, help_text="Refunds.")
    sales = MoneyField(default=Decimal(0), help_text="What customers paid.")
    refunds = MoneyField(default=Decimal(0), help_text="What they were paid back, whenever they had paid.")
    cost = MoneyField(default=Decimal(0), help_text="What the vendor charged for what was sold, and kept besides.")

    class Meta:
        abstract = True


class Day(Figures):
    """A day of the whole shop, with every kind of movement of customers' money."""

    placed = models.PositiveIntegerField(default=0, help_text="Orders and purchases of numbers that were placed.")
    deposits = MoneyField(default=Decimal(0))
    bonuses = MoneyField(default=Decimal(0))
    chargebacks = MoneyField(default=Decimal(0))
    added = MoneyField(default=Decimal(0), help_text="Added by operators.")
    deducted = MoneyField(default=Decimal(0), help_text="Taken off by operators.")
    vendor_balance = MoneyField(null=True, blank=True, help_text="The day's last reading of our balance there.")
    counted_at = models.DateTimeField()

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["day"], name="day_once")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"

    @property
    def owed(self) -> Decimal:
        """USD by which customers' balances rose: all that came in less all that went."""
        came = self.deposits + self.bonuses + self.added + self.refunds
        return came - self.sales - self.chargebacks - self.deducted


class ItemDay(Figures):
    """A day of one service, or of one site in one country; neither for a sale that belongs to nothing."""

    service = models.ForeignKey(
        Service, null=True, blank=True, on_delete=models.PROTECT, related_name="days", db_index=False
    )
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="days", db_index=False
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(service=None) | Q(project=None), name="item_day_of_one_thing"),
            models.UniqueConstraint(
                fields=["day", "service"], condition=Q(service__isnull=False), name="item_day_once_a_service"
            ),
            models.UniqueConstraint(
                fields=["day", "project"], condition=Q(project__isnull=False), name="item_day_once_a_project"
            ),
            models.UniqueConstraint(
                fields=["day"], condition=Q(service=None, project=None), name="item_day_once_without"
            ),
        ]
        indexes = [
            models.Index(fields=["day"], name="item_day"),
            models.Index(fields=["service", "day"], name="item_day_of_service"),
            models.Index(fields=["project", "day"], name="item_day_of_project"),
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}: {self.service or self.project or 'nothing'}"


class CustomerDay(Figures):
    """A day of one customer."""

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "customer"], name="customer_day_once")]
        indexes = [models.Index(fields=["customer", "day"], name="customer_day_of_customer")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}: {self.customer_id}"


class Progress(models.Model):
    """How far the books are counted; one row. Whoever locks it is the only one who writes days."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    zone = models.CharField(max_length=100, help_text="The time zone whose days were counted.")
    # Every day before this one was counted at least once.
    next_day = models.DateField()
    # Days of transfers up to `low` hold them; `mark` was the newest transfer at `marked_at`.
    low = models.BigIntegerField(default=0)
    mark = models.BigIntegerField(default=0)
    marked_at = models.DateTimeField()
    counted_at = models.DateTimeField(null=True, blank=True, help_text="When all days were last as they should be.")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="progress_is_one")]

    def __str__(self) -> str:
        return f"Counted up to {self.next_day:%Y-%m-%d}"
