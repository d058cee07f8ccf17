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


class Mailing(models.Model):
    """An e-mail of the operator's own to many customers. Until it is sent it may be changed."""

    class Audience(models.TextChoices):
        ALL = "ALL", "Every customer"
        GROUP = "GROUP", "A customer group"
        WITH_BALANCE = "WITH_BALANCE", "Whoever has something to spend"
        BOUGHT_LATELY = "BOUGHT_LATELY", "Whoever bought something in the last 30 days"

    subject_en = models.CharField("subject in English", max_length=150)
    subject_zh = models.CharField("subject in Chinese", max_length=150, blank=True)
    text_en = models.TextField("text in English", max_length=20_000)
    text_zh = models.TextField(
        "text in Chinese", max_length=20_000, blank=True, help_text="Empty: readers of Chinese get the English one."
    )
    audience = models.CharField(max_length=16, choices=Audience.choices, default=Audience.ALL)
    group = models.ForeignKey("accounts.CustomerGroup", null=True, blank=True, on_delete=models.PROTECT)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", editable=False
    )
    made_at = models.DateTimeField(editable=False)
    begun_at = models.DateTimeField(null=True, blank=True, editable=False)
    recipients = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(audience="GROUP") | Q(group__isnull=False),
                name="mailing_to_a_group_names_it",
                violation_error_message="Choose the group.",
            )
        ]

    def __str__(self) -> str:
        return self.subject_en

    def words(self, language: str) -> tuple[str, str]:
        """Subject and text for a reader of this language."""
        chinese = language.startswith("zh") and bool(self.text_zh)
        return (self.subject_zh or self.subject_en, self.text_zh) if chinese else (self.subject_en, self.text_en)


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
    mailing = models.ForeignKey(Mailing, null=True, blank=True, on_delete=models.PROTECT, related_name="notices")
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
            ),
            models.UniqueConstraint(
                fields=["mailing", "customer"], condition=Q(mailing__isnull=False), name="notice_once_a_mailing"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state__in=["DUE", "SENDING"]), name="notice_outbox"),
            models.Index(fields=["customer", "kind", "state", "finished_at"], name="notice_of_customer"),
            models.Index(fields=["claim"], condition=~Q(claim=""), name="notice_claims"),
            models.Index(fields=["finished_at"], condition=Q(finished_at__isnull=False), name="notice_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.customer_id}"
