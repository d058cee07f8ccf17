"""Alerts: what waits for an operator's hand, one row a matter."""

from django.db import models


class Alert(models.Model):
    """One open matter an operator should look at; raised again, it counts up instead of piling up."""

    class Severity(models.TextChoices):
        INFO = "INFO", "Information"
        WARNING = "WARNING", "Warning"
        CRITICAL = "CRITICAL", "Critical: money waits"

    key = models.CharField(max_length=200, help_text="What it is about, such as `order:17:uncertain`.")
    severity = models.CharField(max_length=10, choices=Severity.choices)
    subject = models.CharField(max_length=200)
    detail = models.TextField(blank=True)
    times = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=models.Q(resolved_at=None), name="alert_one_open_per_key")
        ]
        indexes = [models.Index(fields=["resolved_at", "-last_at"], name="alert_open")]

    def __str__(self) -> str:
        return self.subject
