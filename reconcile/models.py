"""What reconciliation found, one row a matter, and each run of it."""

from django.conf import settings
from django.db import models

from core.models import Alert
from core.money import MoneyField


class Finding(models.Model):
    """Something that does not fit, for an operator to work off; found again, it counts up."""

    class Kind(models.TextChoices):
        LOSS = "LOSS", "Balance: money left unexplained"
        CREDIT = "CREDIT", "Balance: unexplained credit"
        COST = "COST", "Cost other than the list says"
        KEPT = "KEPT", "Charge kept for what did not arrive"
        SILENT = "SILENT", "No news for too long"
        WAITING = "WAITING", "Not sent for too long"
        STUCK = "STUCK", "Not moved on as it should be"
        DOUBT = "DOUBT", "Uncertain for too long"
        BOOKS = "BOOKS", "The books don't agree"
        HOLD = "HOLD", "Hold without a purchase"
        MAIL = "MAIL", "E-mail not delivered"
        HOOK = "HOOK", "Alert hook not reached"

    OF_BALANCE = [Kind.LOSS, Kind.CREDIT]

    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=200, help_text="What it is about, such as `order:17:silent`.")
    severity = models.CharField(max_length=10, choices=Alert.Severity.choices)
    subject = models.CharField(max_length=200)
    detail = models.TextField(blank=True)
    figures = models.JSONField(default=dict, blank=True, help_text="Names and values; money as exact text, in USD.")
    amount = MoneyField(null=True, blank=True, help_text="USD at stake, where that can be said.")
    times = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Nobody: a later run no longer found it.",
    )
    note = models.TextField(blank=True)
    # Of the vendor's balance: how much of the drift the operator explained (positive: it came in).
    explained = MoneyField(null=True, blank=True)

    class Meta:
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=models.Q(closed_at=None), name="finding_one_open_per_key")
        ]
        indexes = [
            models.Index(fields=["closed_at", "-last_at"], name="finding_open"),
            models.Index(fields=["key", "-closed_at"], name="finding_by_key"),
        ]

    def __str__(self) -> str:
        return self.subject


class Run(models.Model):
    """One run of every check, and the figures that the next run reckons from."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    # None where the vendor did not tell its balance.
    balance = MoneyField(null=True, blank=True, help_text="USD we had with the vendor.")
    spent = MoneyField(null=True, blank=True, help_text="USD that our purchases cost up to then, as far as we know.")
    explained = MoneyField(null=True, blank=True, help_text="USD of drift that operators explained up to then.")
    drift = MoneyField(null=True, blank=True, help_text="USD that are in the balance unexplained; negative: missing.")
    opened = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)
    findings = models.PositiveIntegerField(default=0, help_text="Open at its end.")
    # Names of checks: those that broke, and those that had nothing to go by.
    broken = models.JSONField(default=list, blank=True)
    skipped = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Reconciliation of {self.started_at:%Y-%m-%d %H:%M:%S}"
