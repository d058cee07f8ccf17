"""What is on the shelf: categories, services, and what is known of how they go."""

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from conduct.models import Block
from core.money import MoneyField

# The place of what nobody has put anywhere: behind everything that has one.
LAST = 1_000_000


def in_their_language(english: str, chinese: str) -> str:
    """The text in the reader's language, as far as there is one."""
    return chinese if chinese and (get_language() or "").startswith("zh") else english


class Category(models.Model):
    """A category: one of the vendor's, which may be shown under a name of our own, or one that is ours alone."""

    name = models.CharField(max_length=1000, help_text="As customers read it.")
    name_zh = models.CharField("name in Chinese", max_length=1000, blank=True, help_text="Empty: the name above.")
    vendor_name = models.CharField(
        max_length=1000, null=True, blank=True, unique=True, editable=False, help_text="None: a category of our own."
    )
    position = models.PositiveIntegerField(default=0, help_text="Smaller comes first; equal ones by name.")
    hidden = models.BooleanField(default=False, help_text="Not shown and not sold, whatever the vendor offers.")
    warranty_days = models.PositiveSmallIntegerField(
        default=0,
        help_text="For so many days after delivery a bad item is replaced; 0: none. Counts for orders from now on.",
    )
    new_services = models.CharField(
        max_length=4,
        choices=[("show", "Show at once"), ("hold", "Hold for review")],
        blank=True,
        help_text="What becomes of services that the vendor adds to it. Empty: as NEW_SERVICES says.",
    )
    # A service's row does not name its subcategory: it is learned by asking for each (ruling 1).
    learned_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        """Its name in the reader's language."""
        return in_their_language(self.name, self.name_zh)


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

    `name`, `category`, `subcategory` and `price` are what holds: the operator's own where there is one, else the
    vendor's and the rule's. `catalog.own` alone says which; a sync writes the vendor's, and leaves ours as it is.
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
    held = models.BooleanField(default=False, help_text="New, and hidden until somebody has looked at it.")
    block = models.ForeignKey(
        Block, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="Why it is not sold."
    )
    # What the vendor says.
    vendor_name = models.CharField(max_length=1000, blank=True, editable=False)
    vendor_category = models.ForeignKey(
        Category, null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    vendor_subcategory = models.ForeignKey(
        Subcategory, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    # What the operator says instead.
    own_name = models.CharField("own name", max_length=1000, blank=True, help_text="Empty: the vendor's.")
    name_zh = models.CharField("name in Chinese", max_length=1000, blank=True, help_text="Empty: the name in English.")
    description = models.TextField("description", max_length=5000, blank=True)
    description_zh = models.TextField(
        "description in Chinese", max_length=5000, blank=True, help_text="Empty: the one in English."
    )
    own_category = models.ForeignKey(
        Category,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty: the vendor's.",
    )
    own_price = MoneyField(
        "own price",
        null=True,
        blank=True,
        help_text="USD for one rate unit, in place of what the mark-up rules make. Steps do not count then; customers "
        "of a group with a rule of its own keep that one. Empty: as the rules say.",
    )
    position = models.PositiveIntegerField("place", default=LAST)
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
            models.CheckConstraint(condition=Q(held=False) | Q(hidden=True), name="service_held_is_hidden"),
        ]
        indexes = [
            models.Index(
                fields=["category", "position", "name"],
                condition=Q(state="ON_SALE", hidden=False),
                name="service_shelf_in_order",
            ),
            models.Index(fields=["price"], condition=Q(state="ON_SALE", hidden=False), name="service_by_price"),
            models.Index(fields=["upstream_id"], condition=Q(held=True), name="service_to_review"),
            models.Index(fields=["id"], condition=Q(own_price__isnull=False), name="service_with_own_price"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        """Its name in the reader's language."""
        return in_their_language(self.name, self.name_zh)

    @property
    def about(self) -> str:
        """What the operator says of it, in the reader's language; may be empty."""
        return in_their_language(self.description, self.description_zh)

    @property
    def is_away(self) -> bool:
        """Not to be seen by customers, whatever the vendor offers. Its `category` is read."""
        return self.hidden or self.block_id is not None or self.category.hidden

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


class Edition(models.Model):
    """What the mark of the catalogue is reckoned from; written by triggers alone: `catalog/edition.py`."""

    number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.pk}: {self.number}"


class StockLook(models.Model):
    """When the vendor was last asked how much it has of one service because somebody looked at it."""

    service = models.OneToOneField(Service, primary_key=True, on_delete=models.CASCADE, related_name="stock_look")
    asked_at = models.DateTimeField(db_index=True)
    told_at = models.DateTimeField(null=True, blank=True, help_text="When it last answered.")

    def __str__(self) -> str:
        return f"{self.service_id} at {self.asked_at:%Y-%m-%d %H:%M:%S}"
