"""What is added to the vendor's prices, and what codes take off."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Q

from accounts.models import CustomerGroup
from catalog.models.shelf import Category, Service, Subcategory
from core.money import MoneyField


class MarkupRule(models.Model):
    """What is added to the vendor's price; of the rules that fit a service the narrowest wins.

    A rule of a customer group holds for its customers alone, and wins over every general one that fits.
    """

    percent = models.DecimalField(max_digits=7, decimal_places=2, default=Decimal(0))
    fixed = MoneyField(default=Decimal(0), help_text="USD added to one rate unit (1,000 of a service, one product).")
    minimum_margin = MoneyField(default=Decimal(0), help_text="USD that one rate unit earns at least.")
    rounding = MoneyField(default=Decimal("0.0001"), help_text="The price is rounded up to a multiple of this.")
    category = models.ForeignKey(Category, null=True, blank=True, on_delete=models.CASCADE, related_name="rules")
    subcategory = models.ForeignKey(Subcategory, null=True, blank=True, on_delete=models.CASCADE, related_name="rules")
    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.CASCADE, related_name="rules")
    group = models.ForeignKey(
        CustomerGroup, null=True, blank=True, on_delete=models.CASCADE, related_name="catalog_rules"
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["service_id", "subcategory_id", "category_id", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__gte=0, fixed__gte=0, minimum_margin__gte=0), name="rule_only_adds"
            ),
            models.CheckConstraint(condition=Q(rounding__gt=0), name="rule_rounds_to_something"),
            models.CheckConstraint(
                condition=Q(category=None, subcategory=None)
                | Q(category=None, service=None)
                | Q(subcategory=None, service=None),
                name="rule_has_one_scope",
            ),
            models.UniqueConstraint(
                fields=["active"],
                condition=Q(active=True, category=None, subcategory=None, service=None, group=None),
                name="rule_one_active_for_all",
            ),
            *(
                models.UniqueConstraint(
                    fields=[scope], condition=Q(active=True, group=None), name=f"rule_one_active_a_{scope}"
                )
                for scope in ("category", "subcategory", "service")
            ),
            models.UniqueConstraint(
                fields=["group"],
                condition=Q(active=True, category=None, subcategory=None, service=None),
                name="rule_one_active_a_group",
            ),
            *(
                models.UniqueConstraint(
                    fields=["group", scope], condition=Q(active=True), name=f"rule_one_active_a_group_and_{scope}"
                )
                for scope in ("category", "subcategory", "service")
            ),
        ]

    def __str__(self) -> str:
        scope = self.service or self.subcategory or self.category or "everything"
        return f"{self.percent}% on {scope}" + (f" for {self.group}" if self.group else "")

    @property
    def holds_alone(self) -> bool:
        """As the table has it, it is the general active rule for everything; a constraint allows one."""
        everything = MarkupRule.objects.filter(active=True, category=None, subcategory=None, service=None, group=None)
        return everything.filter(pk=self.pk).exists()


class PriceStep(models.Model):
    """From so many pieces in one order on, a rule adds this percentage instead of its own."""

    rule = models.ForeignKey(MarkupRule, on_delete=models.CASCADE, related_name="steps")
    from_quantity = models.PositiveBigIntegerField()
    percent = models.DecimalField(max_digits=7, decimal_places=2)

    class Meta:
        ordering = ["from_quantity"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "from_quantity"], name="step_once_a_quantity"),
            models.CheckConstraint(condition=Q(from_quantity__gte=2), name="step_from_more_than_one"),
            models.CheckConstraint(condition=Q(percent__gte=0), name="step_only_adds"),
        ]

    def __str__(self) -> str:
        return f"{self.percent}% from {self.from_quantity:,}"


class Promotion(models.Model):
    """A code that takes something off an order; what it takes off never reaches into cost and minimum margin."""

    code = models.CharField(max_length=40, unique=True, help_text="What customers type; capital and small are one.")
    percent = models.DecimalField(
        max_digits=5, decimal_places=2, default=Decimal(0), help_text="Taken off the total, per cent."
    )
    fixed = MoneyField(default=Decimal(0), help_text="Or taken off the total in USD.")
    category = models.ForeignKey(
        Category,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="promotions",
        help_text="Only for services of this category; empty: for all.",
    )
    minimum_charge = MoneyField(default=Decimal(0), help_text="USD that the order comes to at least, before it.")
    begins_at = models.DateTimeField(null=True, blank=True, help_text="Empty: at once.")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="From then on it is refused. Empty: never.")
    most_uses = models.PositiveIntegerField(null=True, blank=True, help_text="By all customers. Empty: no limit.")
    most_uses_each = models.PositiveIntegerField(
        null=True, blank=True, default=1, help_text="By one customer. Empty: no limit."
    )
    active = models.BooleanField(default=True)
    note = models.TextField(blank=True, help_text="For operators.")
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__gt=0, percent__lte=100, fixed=0) | Q(percent=0, fixed__gt=0),
                name="promotion_takes_off_one_way",
            ),
            models.CheckConstraint(condition=Q(minimum_charge__gte=0), name="promotion_minimum_not_negative"),
            models.CheckConstraint(condition=~Q(code=""), name="promotion_has_a_code"),
        ]

    def __str__(self) -> str:
        return self.code

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.code = self.spelt(self.code)
        super().save(*args, **kwargs)

    @staticmethod
    def spelt(code: str) -> str:
        """The code as it is kept, however it was typed."""
        return code.strip().upper()
