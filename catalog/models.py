"""Our copy of the vendor's catalogue, what we add to its prices, and how both changed."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerGroup
from core.money import MoneyField


class Category(models.Model):
    """A category under the vendor's own name."""

    name = models.CharField(max_length=1000, unique=True)
    position = models.PositiveIntegerField(default=0, help_text="Smaller comes first; equal ones by name.")
    hidden = models.BooleanField(default=False, help_text="Not shown and not sold, whatever the vendor offers.")
    warranty_days = models.PositiveSmallIntegerField(
        default=0,
        help_text="For so many days after delivery a bad item is replaced; 0: none. Counts for orders from now on.",
    )
    # A service's row does not name its subcategory: it is learned by asking for each (ruling 1).
    learned_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class Subcategory(models.Model):
    """A subcategory; the same name may stand under several categories."""

    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="subcategories")
    name = models.CharField(max_length=1000)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "subcategories"
        ordering = ["position", "name"]
        constraints = [models.UniqueConstraint(fields=["category", "name"], name="subcategory_once_a_category")]

    def __str__(self) -> str:
        return f"{self.category} › {self.name}"


class Service(models.Model):
    """Something the vendor sells: a social-media service (counted in units) or a digital product.

    `rate` is what one rate unit costs us, `price` what we ask for it; `unit` is how many pieces that is
    (1,000 for a service, 1 for a product: docs/upstream.md, ruling 2).
    """

    class Entity(models.TextChoices):
        SMM = "SMM", _("Social media")
        PRODUCT = "PRODUCT", _("Digital product")

    class State(models.TextChoices):
        ON_SALE = "ON_SALE", "On sale"
        WITHDRAWN = "WITHDRAWN", "Withdrawn by the vendor"
        SUSPENDED = "SUSPENDED", "Taken off sale: its cost is not what the vendor says"

    upstream_id = models.BigIntegerField(unique=True)
    name = models.CharField(max_length=1000)
    type = models.CharField(max_length=1000, default="Default")
    entity = models.CharField(max_length=8, choices=Entity.choices)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="services")
    subcategory = models.ForeignKey(
        Subcategory, null=True, blank=True, on_delete=models.SET_NULL, related_name="services"
    )
    rate = MoneyField(help_text="USD that one rate unit costs us.")
    price = MoneyField(help_text="USD we ask for one rate unit.")
    unit = models.PositiveIntegerField()
    min = models.PositiveBigIntegerField()
    max = models.PositiveBigIntegerField()
    stock = models.PositiveBigIntegerField(null=True, blank=True)
    refill = models.BooleanField(default=False)
    cancel = models.BooleanField(default=False)
    auto_delivery = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ON_SALE)
    hidden = models.BooleanField(default=False, help_text="Not shown and not sold; syncs leave this as it is.")
    search_text = models.TextField(editable=False)
    first_seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["category__position", "category__name", "name"]
        constraints = [
            models.CheckConstraint(condition=Q(rate__gt=0), name="service_costs_something"),
            models.CheckConstraint(condition=Q(price__gte=models.F("rate")), name="service_not_sold_below_cost"),
            models.CheckConstraint(condition=Q(min__gte=1, max__gte=models.F("min")), name="service_has_a_range"),
            models.CheckConstraint(condition=Q(unit__gte=1), name="service_unit_counts_something"),
        ]
        indexes = [
            models.Index(fields=["category", "name"], condition=Q(state="ON_SALE", hidden=False), name="service_shelf"),
            models.Index(fields=["price"], condition=Q(state="ON_SALE", hidden=False), name="service_by_price"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def in_stock(self) -> bool:
        """Whether the smallest order can be filled, as far as the last sync knew."""
        return self.stock is None or self.stock >= self.min

    @property
    def is_product(self) -> bool:
        """A digital product, delivered as text."""
        return self.entity == self.Entity.PRODUCT


class Speed(models.Model):
    """How long a service took lately, from the shop's own orders; no row where too few of them say nothing."""

    service = models.OneToOneField(Service, primary_key=True, on_delete=models.CASCADE, related_name="speed")
    orders = models.PositiveIntegerField(help_text="Completed orders that were counted.")
    start_median = models.PositiveIntegerField(null=True, blank=True, help_text="Seconds until half had started.")
    start_p90 = models.PositiveIntegerField(null=True, blank=True, help_text="Seconds until 90% had started.")
    done_median = models.PositiveIntegerField(help_text="Seconds until half were completed.")
    done_p90 = models.PositiveIntegerField(help_text="Seconds until 90% were completed.")
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.service_id}: {self.done_median} s"


class StockLook(models.Model):
    """When the vendor was last asked how much it has of one service because somebody looked at it."""

    service = models.OneToOneField(Service, primary_key=True, on_delete=models.CASCADE, related_name="stock_look")
    asked_at = models.DateTimeField(db_index=True)
    told_at = models.DateTimeField(null=True, blank=True, help_text="When it last answered.")

    def __str__(self) -> str:
        return f"{self.service_id} at {self.asked_at:%Y-%m-%d %H:%M:%S}"


class Favourite(models.Model):
    """A service that a customer keeps at hand."""

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="favourites")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "service"], name="service_favourite_once")]

    def __str__(self) -> str:
        return f"{self.customer}: {self.service}"


class StockWish(models.Model):
    """A customer who wants to hear when a service is in stock again; `catalog.back_in_stock` writes here."""

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="stock_wishes")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="stock_wishes")
    wished_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True, help_text="When it was seen in stock again.")
    told_at = models.DateTimeField(null=True, blank=True, help_text="When a page of the shop told the customer.")

    class Meta:
        verbose_name_plural = "stock wishes"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "service"], condition=Q(due_at=None), name="stock_wish_one_open_a_service"
            ),
            models.CheckConstraint(
                condition=Q(told_at=None) | Q(due_at__isnull=False), name="stock_wish_due_before_told"
            ),
        ]
        indexes = [
            models.Index(fields=["service"], condition=Q(due_at=None), name="stock_wish_open"),
            models.Index(
                fields=["customer"], condition=Q(due_at__isnull=False, told_at=None), name="stock_wish_to_tell"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer}: {self.service}"


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
