"""Customers' addresses, the events they are told of, each delivery with its tries, and how far was looked."""

import secrets
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.secrets import EncryptedTextField
from sms.models import Number


def new_secret() -> str:
    """What one address's posts are signed with: 256 random bits."""
    return f"whsec_{secrets.token_hex(32)}"


class Webhook(models.Model):
    """A customer's address for events."""

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks")
    url = models.URLField(max_length=500)
    events = models.JSONField(default=list, help_text="The names of the events that it is told of.")
    # It has to sign, so it can't be a digest.
    secret = EncryptedTextField(default=new_secret, editable=False)
    # A rotated secret signs beside the new one for a while.
    old_secret = EncryptedTextField(null=True, blank=True, editable=False)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    active = models.BooleanField(default=True)
    active_since = models.DateTimeField(help_text="What happened before is not told.")
    failing_since = models.DateTimeField(null=True, blank=True, help_text="Nothing was taken since.")
    paused_at = models.DateTimeField(null=True, blank=True, help_text="When the shop gave up on it.")
    # As an order's: the same key of a form again finds the first one.
    form_key = models.CharField(max_length=64, blank=True, default="", editable=False)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["customer"], condition=Q(active=True), name="webhook_of_customer")]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "form_key"], condition=~Q(form_key=""), name="webhook_once_a_form"
            )
        ]

    def __str__(self) -> str:
        return f"Webhook {self.pk}"


class Event(models.Model):
    """Something that happened to a customer who had an address then; once for each row that it was read from."""

    class Source(models.TextChoices):
        ORDER_EVENT = "ORDER_EVENT"
        NUMBER = "NUMBER"
        MESSAGE = "MESSAGE"
        END = "END"
        TEST = "TEST"

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=30)
    source = models.CharField(max_length=12, choices=Source.choices)
    source_id = models.BigIntegerField()
    # What is posted, byte for byte. A code may be in it, and codes are kept encrypted.
    body = EncryptedTextField(editable=False)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["source", "source_id"], name="event_once_a_source")]

    def __str__(self) -> str:
        return f"{self.name} {self.uid}"


class Delivery(models.Model):
    """An event on its way to one address."""

    class State(models.TextChoices):
        PENDING = "PENDING", _("On its way")
        DELIVERED = "DELIVERED", _("Delivered")
        GIVEN_UP = "GIVEN_UP", _("Given up")

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    tries = models.PositiveIntegerField(default=0, help_text="Since it was last begun.")
    next_at = models.DateTimeField(null=True, blank=True)
    claim = models.CharField(max_length=32, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["event", "webhook"], name="delivery_once_an_address"),
            models.CheckConstraint(
                condition=Q(state="PENDING", next_at__isnull=False) | ~Q(state="PENDING"),
                name="delivery_pending_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state="PENDING"), name="delivery_outbox"),
            models.Index(fields=["webhook", "-id"], name="delivery_of_webhook"),
            models.Index(
                fields=["next_at", "webhook"], condition=Q(state="PENDING") & ~Q(claim=""), name="delivery_under_way"
            ),
        ]

    def __str__(self) -> str:
        return f"Delivery {self.uid}"


class Try(models.Model):
    """One post of a delivery, and what was answered."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="posts")
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Of HTTP; none without an answer.")
    milliseconds = models.PositiveIntegerField()
    error = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "tries"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.status or self.error} at {self.at:%Y-%m-%d %H:%M:%S}"


class Watch(models.Model):
    """A number whose end is to be told: a number has no row of its own for its end."""

    number = models.OneToOneField(Number, primary_key=True, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"Watch of number {self.number_id}"


class Cursor(models.Model):
    """How far the rows of one source were looked at. Whoever locks it is the only one who looks."""

    source = models.CharField(max_length=12, primary_key=True)
    # All rows up to `low` are dealt with. `mark` was the newest row at `marked_at`.
    low = models.BigIntegerField(default=0)
    mark = models.BigIntegerField(default=0)
    marked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.source} up to {self.low}"
