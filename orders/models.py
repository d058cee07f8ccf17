"""Orders, every call that tried to buy them, what was delivered, and what happened when."""

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Promotion, Service
from core.money import MoneyField
from core.secrets import EncryptedTextField
from orders import states
from upstream import following, forwarding
from wallet.models import Hold

# No letters that are read as digits.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def new_reference() -> str:
    """A reference that says nothing about the shop: what the vendor sees of an order for a product."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(12))


class Order(forwarding.Forwarded, following.Followed):
    """One purchase of `quantity` pieces of a service, at the prices of the moment it was placed."""

    class Reason(models.TextChoices):
        """Why an order was refused or canceled, in words for the customer."""

        SERVICE_GONE = "SERVICE_GONE", _("This service is no longer offered.")
        BAD_LINK = "BAD_LINK", _("The link was not accepted: check that it is public and right.")
        BAD_QUANTITY = "BAD_QUANTITY", _("The quantity was not accepted for this service.")
        OUT_OF_STOCK = "OUT_OF_STOCK", _("It is out of stock.")
        PRICE_ROSE = "PRICE_ROSE", _("The price rose before it could go out.")
        NOT_ACCEPTED = "NOT_ACCEPTED", _("The order could not be accepted.")
        NOT_DELIVERED = "NOT_DELIVERED", _("It could not be delivered.")
        WITHDRAWN = "WITHDRAWN", _("You canceled it before it was under way.")

    reference = models.CharField(max_length=12, unique=True, default=new_reference, editable=False)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="orders")
    service_name = models.CharField(max_length=1000)
    entity = models.CharField(max_length=8, choices=Service.Entity.choices)
    link = models.CharField(max_length=1000, blank=True)
    quantity = models.PositiveBigIntegerField()
    plan = models.ForeignKey(
        "orders.Plan", null=True, blank=True, on_delete=models.PROTECT, related_name="orders", db_index=False
    )
    run = models.PositiveIntegerField(default=0, help_text="Which run of its plan it is, from 1; 0 for none.")
    unit = models.PositiveIntegerField()
    rate = MoneyField(help_text="USD that one rate unit cost us.")
    price = MoneyField(help_text="USD we asked for one rate unit.")
    cost = MoneyField(help_text="USD we expect the vendor to charge.")
    charge = MoneyField(help_text="USD set aside from the customer's balance.")
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, related_name="order")
    # What a form or a client sent to say “this very order”: the same key again finds the first one.
    form_key = models.CharField(max_length=64, blank=True, editable=False)

    state = models.CharField(max_length=12, choices=states.CHOICES, default=states.PLACED)
    reason = models.CharField(max_length=16, choices=Reason.choices, blank=True)
    delivered = models.PositiveBigIntegerField(default=0)
    warranty_days = models.PositiveSmallIntegerField(
        default=0, help_text="What its category promised when it was placed: later changes are for later orders."
    )

    upstream_id = models.BigIntegerField(null=True, blank=True, unique=True)
    upstream_status = models.CharField(max_length=100, blank=True)
    start_count = models.BigIntegerField(null=True, blank=True)
    remains = models.BigIntegerField(null=True, blank=True)
    flag = models.CharField(max_length=300, blank=True, help_text="What is odd about the vendor's answers.")
    twice = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How many of its items had been delivered before, here or in another order."
    )

    # When the vendor's word last changed, or something was delivered: waiting for more is counted from here.
    news_at = models.DateTimeField(null=True, blank=True)
    placed_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(help_text="When a customer could last see something new.")
    finished_at = models.DateTimeField(null=True, blank=True)
    goods_removed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the texts of its items were removed, after GOODS_KEPT_DAYS."
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "form_key"], condition=~Q(form_key=""), name="order_once_a_form"
            ),
            models.UniqueConstraint(fields=["plan", "run"], condition=Q(plan__isnull=False), name="order_once_a_run"),
            models.CheckConstraint(
                condition=Q(plan__isnull=True, run=0) | Q(plan__isnull=False, run__gte=1),
                name="order_of_a_plan_is_a_run",
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="order_of_something"),
            models.CheckConstraint(
                condition=Q(delivered__lte=models.F("quantity")), name="order_delivers_at_most_its_quantity"
            ),
            models.CheckConstraint(
                # One that its customer withdrew was never sent.
                condition=Q(state__in=[states.PLACED, states.SUBMITTING, states.UNCERTAIN, states.REJECTED])
                | Q(state=states.CANCELED, reason="WITHDRAWN")
                | Q(upstream_id__isnull=False),
                name="order_running_has_an_upstream_id",
            ),
            models.CheckConstraint(
                condition=Q(state__in=states.FINISHED, finished_at__isnull=False)
                | Q(state__in=states.OPEN, finished_at__isnull=True),
                name="order_finished_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="order_of_customer"),
            models.Index(fields=["customer", "state", "-id"], name="order_of_customer_by_state"),
            models.Index(fields=["customer", "charge", "id"], name="order_of_customer_by_charge"),
            models.Index(fields=["not_before"], condition=Q(state="PLACED"), name="order_outbox"),
            models.Index(fields=["leased_until"], condition=Q(state="SUBMITTING"), name="order_leases"),
            models.Index(fields=["next_poll_at"], condition=Q(state="RUNNING"), name="order_polls"),
            models.Index(fields=["id"], condition=Q(state="UNCERTAIN"), name="order_uncertain"),
            models.Index(fields=["poll_claim"], condition=~Q(poll_claim=""), name="order_poll_claims"),
            models.Index(fields=["finished_at"], condition=Q(state="COMPLETED"), name="order_completed"),
            # For the lists of operators: each filter and each sort has one, so that none walks through all orders.
            models.Index(fields=["state", "-id"], name="order_by_state"),
            models.Index(fields=["entity", "-id"], name="order_by_entity"),
            models.Index(fields=["placed_at"], name="order_by_time"),
            models.Index(fields=["charge"], name="order_by_charge"),
            models.Index(fields=["id"], condition=~Q(flag=""), name="order_flagged"),
            models.Index(fields=["id"], condition=Q(twice__gt=0), name="order_twice"),
            models.Index(fields=["id"], condition=~Q(below_cost=""), name="order_below_cost"),
            # For the books: what the vendor kept of orders that customers did not pay.
            models.Index(
                fields=["finished_at"],
                condition=Q(state__in=["CANCELED", "REJECTED"], upstream_charge__gt=0),
                name="order_kept_charge",
            ),
            models.Index(
                fields=["finished_at"],
                condition=Q(entity="PRODUCT", goods_removed_at__isnull=True, finished_at__isnull=False),
                name="order_goods_kept",
            ),
        ]

    def __str__(self) -> str:
        return f"Order {self.pk}"

    @property
    def is_product(self) -> bool:
        """Delivered as text."""
        return self.entity == Service.Entity.PRODUCT

    @property
    def is_open(self) -> bool:
        """Something may still happen to it."""
        return self.state in states.OPEN

    @property
    def warranty_until(self) -> datetime | None:
        """The end of the warranty; None where there is none, or it has not begun."""
        if not self.warranty_days or self.finished_at is None or self.state not in states.PAID:
            return None
        return self.finished_at + timedelta(days=self.warranty_days)

    @property
    def progress(self) -> int:
        """Per cent delivered, as far as is known."""
        return min(100 * self.delivered // self.quantity, 100)


class Attempt(forwarding.Attempt):
    """A call that tried to buy an order."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="attempts")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.outcome} at {self.started_at:%Y-%m-%d %H:%M:%S}"


class DeliveredItem(models.Model):
    """One delivered account, code or other text; encrypted in the database."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    # Empty once it was removed; the mark stays, so that the same thing is known when it comes again.
    text = EncryptedTextField()
    # Given by the shop in place of one that was bad: it comes on top of what the vendor delivered.
    replaces = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by")
    mark = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)
    delivered_at = models.DateTimeField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["order", "position"], name="item_one_a_place")]
        indexes = [
            models.Index(fields=["mark"], condition=~Q(mark=""), name="item_by_mark"),
            models.Index(fields=["id"], condition=Q(mark=""), name="item_unmarked"),
        ]

    def __str__(self) -> str:
        return f"Item {self.position} of order {self.order_id}"


class GoodsPepper(models.Model):
    """The one row with the key of the items' marks; whoever marks items holds it (`orders.marks`)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    key = EncryptedTextField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="pepper_is_one")]

    def __str__(self) -> str:
        return "The key of the items' marks"


class GoodsReveal(models.Model):
    """That somebody saw or took an order's items: one row a person, way, address and day, and how often."""

    class Kind(models.TextChoices):
        SHOWN = "SHOWN", _("Shown")
        COPIED = "COPIED", _("Copied all")
        TXT = "TXT", _("Downloaded as .txt")
        CSV = "CSV", _("Downloaded as .csv")

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="reveals")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    address = models.CharField(max_length=45, blank=True)
    day = models.DateField(help_text="In UTC.")
    times = models.PositiveIntegerField(default=0)
    count = models.PositiveBigIntegerField(default=0, help_text="How many items there were, the last time.")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["order", "day", "actor", "kind", "address"], name="reveal_one_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.kind} of order {self.order_id} on {self.day}"


class PromotionUse(models.Model):
    """That an order was placed with a promotion code, and what that took off; `orders.promotion` counts them."""

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="uses", db_index=False)
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="promotion_use")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    discount = MoneyField(help_text="USD that the code took off the charge.")

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=Q(discount__gt=0), name="promotion_use_takes_something_off")]
        indexes = [models.Index(fields=["promotion", "customer"], name="promotion_uses")]

    def __str__(self) -> str:
        return f"{self.promotion} on order {self.order_id}"


class OrderEvent(models.Model):
    """A step in an order's life, for its timeline."""

    class Kind(models.TextChoices):
        PLACED = "PLACED", _("Order placed, money set aside")
        DELAYED = "DELAYED", _("Delayed: it will go out by itself")
        ACCEPTED = "ACCEPTED", _("Accepted")
        STARTED = "STARTED", _("In progress")
        DELIVERED = "DELIVERED", _("Items delivered")
        COMPLETED = "COMPLETED", _("Completed")
        PARTIAL = "PARTIAL", _("Partly delivered, the rest paid back")
        CANCELED = "CANCELED", _("Canceled, money back")
        REJECTED = "REJECTED", _("Refused, money back")
        REFUNDED = "REFUNDED", _("Refunded")
        REPLACED = "REPLACED", _("Delivered again")
        REMOVED = "REMOVED", _("Items removed")
        # For operators only:
        UNCERTAIN = "UNCERTAIN", "Nobody knows whether the vendor has it"
        RESOLVED = "RESOLVED", "Resolved by an operator"
        HELD = "HELD", "Held back: it would be sold below cost"
        TWICE = "TWICE", "Items that were delivered before"

    FOR_OPERATORS = [Kind.UNCERTAIN, Kind.RESOLVED, Kind.HELD, Kind.TWICE]

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    amount = MoneyField(null=True, blank=True, help_text="USD that moved or came back, if any.")
    count = models.PositiveBigIntegerField(null=True, blank=True)
    note = models.TextField(blank=True, help_text="For operators.")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at:%Y-%m-%d %H:%M:%S}"


# At the end, since it is this app's too.
from orders.plans.models import Plan  # noqa: E402

__all__ = ["Attempt", "DeliveredItem", "Order", "OrderEvent", "Plan", "new_reference"]
