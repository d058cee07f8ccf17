"""Alerts: what waits for an operator's hand, one row a matter. E-mails that failed, rates of exchange, signs of life,
what was counted, and what staff did."""

from django.conf import settings
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
    # What `core.hook` knows of it: none of these is set where there was no hook when it was raised.
    hook_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    hook_tries = models.PositiveIntegerField(default=0, editable=False)
    hook_sent_at = models.DateTimeField(null=True, blank=True, editable=False)
    hook_error = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=models.Q(resolved_at=None), name="alert_one_open_per_key")
        ]
        indexes = [
            models.Index(fields=["resolved_at", "-last_at"], name="alert_open"),
            models.Index(fields=["hook_due_at"], condition=models.Q(hook_due_at__isnull=False), name="alert_hook_due"),
        ]

    def __str__(self) -> str:
        return self.subject


class MailFailure(models.Model):
    """An e-mail that the mail server did not take; what it said is not kept, since links in it open accounts."""

    recipients = models.CharField(max_length=500)
    subject = models.CharField(max_length=200)
    error = models.CharField(max_length=200)
    at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.error} at {self.at:%Y-%m-%d %H:%M:%S}"


class ExchangeRate(models.Model):
    """What a US dollar is worth in another currency, to show beside prices; nothing is ever charged by it."""

    currency = models.CharField(max_length=3, unique=True, help_text="ISO 4217 code, such as EUR.")
    rate = models.DecimalField(max_digits=18, decimal_places=8, help_text="What one US dollar is in this currency.")
    as_of = models.DateField(help_text="The day this rate is of; customers see it.")

    class Meta:
        ordering = ["currency"]
        constraints = [models.CheckConstraint(condition=models.Q(rate__gt=0), name="exchange_rate_is_something")]

    def __str__(self) -> str:
        return f"1 USD = {self.rate.normalize():f} {self.currency}"


class Heartbeat(models.Model):
    """When a worker of the queue `name` was last seen to work it: `core.heartbeat` writes and reads it."""

    name = models.CharField(max_length=40, unique=True)
    beaten_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class MetricSum(models.Model):
    """What all processes have counted of something: `core.metrics_store` writes it where the broker is no Redis."""

    name = models.CharField(max_length=300, primary_key=True, help_text="A JSON list: the metric and its labels.")
    value = models.FloatField()

    def __str__(self) -> str:
        return self.name


class StaffAct(models.Model):
    """Something that a member of staff did, or that was done to their log-in; never changed, never deleted.

    It names rows by table and number, and holds no secret and no customer's address: it outlives them.
    """

    class Kind(models.TextChoices):
        ADDED = "ADDED", "Added"
        CHANGED = "CHANGED", "Changed"
        DELETED = "DELETED", "Deleted"
        ACT = "ACT", "Act"
        LOG_IN = "LOG_IN", "Log-in"
        LOG_IN_FAILED = "LOG_IN_FAILED", "Failed log-in"
        CREDENTIALS = "CREDENTIALS", "Password, address or second factor"
        SIGN_IN_AS = "SIGN_IN_AS", "Signed in as a customer"
        COMMAND = "COMMAND", "Command on the server"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="staff_acts",
        help_text="Nobody: a command on the server.",
    )
    table = models.CharField(max_length=60, blank=True, help_text="Such as `orders.order`.")
    row = models.CharField(max_length=40, blank=True, help_text="The row's number in it.")
    said = models.TextField(help_text="What was done, in words.")
    reason = models.TextField(blank=True)
    changes = models.JSONField(default=dict, help_text="{field: [before, after]}; `•••` where it is not for reading.")
    address = models.CharField(max_length=45, blank=True)
    agent = models.CharField("program", max_length=200, blank=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["table", "row", "-id"], name="staff_act_of_row"),
            models.Index(fields=["actor", "-id"], name="staff_act_of_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"
