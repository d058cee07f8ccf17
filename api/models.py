"""The keys of customers' programs, and a short log of what each was used for."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Key(models.Model):
    """A customer's secret for their programs. The secret itself is shown once and kept nowhere."""

    class Scope(models.TextChoices):
        FULL = "FULL", _("Everything, purchases too")
        READ_ONLY = "READ_ONLY", _("Read only")

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=8, help_text="How the secret begins, to tell keys apart.")
    # A fast digest is right for 256 random bits: nobody can try them all. Looked up by its index, it is never
    # compared letter by letter.
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.FULL)
    networks = models.JSONField(default=list, blank=True, help_text="Where it may be used from; empty for anywhere.")
    # As an order's: the same key of a form again finds the first one.
    form_key = models.CharField(max_length=64, blank=True, default="", editable=False)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["customer"], condition=Q(revoked_at=None), name="key_of_customer")]
        constraints = [
            models.UniqueConstraint(fields=["customer", "form_key"], condition=~Q(form_key=""), name="key_once_a_form")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def may_buy(self) -> bool:
        """Whether it may do more than read."""
        return self.scope == self.Scope.FULL


class Call(models.Model):
    """A request that a key was used for: the newest few of each key are kept."""

    key = models.ForeignKey(Key, on_delete=models.CASCADE, related_name="calls")
    action = models.CharField(max_length=20, blank=True)
    outcome = models.CharField(max_length=120, blank=True, help_text="The error that was answered, if any.")
    milliseconds = models.PositiveIntegerField()
    address = models.GenericIPAddressField(null=True, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["key", "-id"], name="call_newest_of_key"),
            models.Index(fields=["at"], name="call_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.action} at {self.at:%Y-%m-%d %H:%M:%S}"


# At the end, since they are this app's too.
from api.handler.models import CountryCode, ServiceCode, Told  # noqa: E402
from api.webhooks.models import Cursor, Delivery, Event, Try, Watch, Webhook  # noqa: E402

__all__ = [
    "Call",
    "CountryCode",
    "Cursor",
    "Delivery",
    "Event",
    "Key",
    "ServiceCode",
    "Told",
    "Try",
    "Watch",
    "Webhook",
]
