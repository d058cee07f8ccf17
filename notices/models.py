"""What each customer wants to be told, and the e-mails that wait to go out."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.money import MoneyField
from notices.kinds import OFF_AT_FIRST, Kind


class Switches(models.Model):
    """A customer's choice; one who never chose has no row, and every kind is as it is at first."""

    customer = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="switches")
    # Only what differs: {kind: true or false}, so that a new kind needs no column and has its own beginning.
    chosen = models.JSONField(default=dict, blank=True)
    low_below = MoneyField(
        null=True, blank=True, help_text="USD: told when the available balance falls below it. Empty: never."
    )

    class Meta:
        verbose_name_plural = "switches"
        constraints = [
            models.CheckConstraint(condition=Q(low_below__isnull=True) | Q(low_below__gt=0), name="low_below_positive")
        ]

    def __str__(self) -> str:
        return f"Switches of {self.customer_id}"

    def wants(self, kind: str) -> bool:
        """Whether this kind is on."""
        return bool(self.chosen.get(kind, kind not in OFF_AT_FIRST))


class Notice(models.Model):
    """Something a customer is to be told by e-mail: written with what happened, sent by a sweep."""

    class State(models.TextChoices):
        DUE = "DUE", "Waits to be sent"
        SENDING = "SENDING", "Being sent"
        SENT = "SENT", "Sent"
        UNKNOWN = "UNKNOWN", "Handed over, no answer: not sent again"
        DROPPED = "DROPPED", "Not sent"

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    about = models.JSONField(default=dict, help_text="What its words need.")
    link = models.CharField(max_length=300, blank=True, help_text="A path of the shop.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.DUE)
    why = models.CharField(max_length=200, blank=True, help_text="Why it was not sent, or not yet.")
    tries = models.PositiveSmallIntegerField(default=0)
    claim = models.CharField(max_length=32, blank=True, editable=False)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["DUE", "SENDING"], finished_at__isnull=True)
                | Q(state__in=["SENT", "UNKNOWN", "DROPPED"], finished_at__isnull=False),
                name="notice_finished_has_its_time",
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state__in=["DUE", "SENDING"]), name="notice_outbox"),
            models.Index(fields=["customer", "kind", "state", "finished_at"], name="notice_of_customer"),
            models.Index(fields=["claim"], condition=~Q(claim=""), name="notice_claims"),
            models.Index(fields=["finished_at"], condition=Q(finished_at__isnull=False), name="notice_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.customer_id}"
