"""Requests of customers with what was written about them, announcements, and answered questions."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.money import MoneyField
from core.secrets import EncryptedTextField
from orders.models import Order
from sms.models import Purchase


class Request(models.Model):
    """What a customer asks for and a person has to see to; the vendor's contract has no call for it (ruling 11)."""

    class Kind(models.TextChoices):
        REFILL = "REFILL", pgettext_lazy("request", "Refill")
        CANCEL = "CANCEL", pgettext_lazy("request", "Cancel")
        NOT_DELIVERED = "NOT_DELIVERED", _("Not delivered")
        REPLACEMENT = "REPLACEMENT", _("Replacement")
        OTHER = "OTHER", _("Question")

    class State(models.TextChoices):
        OPEN = "OPEN", _("Open")
        ANSWERED = "ANSWERED", _("Answered")
        DONE = "DONE", _("Done")
        REFUSED = "REFUSED", _("Refused")

    # The operator is waited for in OPEN, the customer in ANSWERED.
    LIVE = [State.OPEN, State.ANSWERED]

    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="requests", db_index=False
    )
    # What it is about: an order, a purchase of numbers, or neither.
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="requests")
    purchase = models.ForeignKey(Purchase, null=True, blank=True, on_delete=models.PROTECT, related_name="requests")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    subject = models.CharField(max_length=150, blank=True)
    positions = models.JSONField(default=list, blank=True, help_text="The delivered items that it is about.")
    form_key = models.CharField(max_length=64, blank=True, editable=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    unread = models.BooleanField(default=False, help_text="There is something that the customer has not seen.")
    note = models.TextField(blank=True, help_text="For operators.")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT)
    asked_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True, blank=True, help_text="When somebody last wrote or did something.")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        # Its table was made while requests were a part of orders.
        db_table = "orders_request"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "kind"], condition=Q(state__in=["OPEN", "ANSWERED"]), name="request_one_live_a_kind"
            ),
            models.UniqueConstraint(
                fields=["customer", "form_key"], condition=~Q(form_key=""), name="request_once_a_form"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["OPEN", "ANSWERED"], decided_at__isnull=True)
                | Q(state__in=["DONE", "REFUSED"], decided_at__isnull=False),
                name="request_closed_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(order__isnull=True) | Q(purchase__isnull=True), name="request_about_one_thing"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(state="OPEN"), name="request_open"),
            models.Index(fields=["customer", "-id"], name="request_of_customer"),
            models.Index(fields=["customer"], condition=Q(unread=True), name="request_unread"),
        ]

    def __str__(self) -> str:
        return f"Request {self.pk}"

    @property
    def is_live(self) -> bool:
        """Somebody may still write or act."""
        return self.state in self.LIVE

    @property
    def title(self) -> str:
        """What it is called: its subject, or else its kind."""
        return self.subject or str(self.get_kind_display())

    @property
    def version(self) -> str:
        """Changes whenever the customer could see something new."""
        return f"{self.state}-{(self.changed_at or self.asked_at).timestamp():.6f}"


class Message(models.Model):
    """Something written to a request, or done for it; encrypted, for people put passwords into such texts."""

    class Kind(models.TextChoices):
        TEXT = "TEXT", _("Message")
        REFUNDED = "REFUNDED", _("Refunded")
        REPLACED = "REPLACED", _("Delivered again")
        DONE = "DONE", _("Closed as done")
        REFUSED = "REFUSED", _("Refused")

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="messages")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TEXT)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    by_customer = models.BooleanField(default=False)
    text = EncryptedTextField(blank=True)
    amount = MoneyField(null=True, blank=True, help_text="USD that came back.")
    count = models.PositiveIntegerField(null=True, blank=True, help_text="Items that were delivered again.")
    form_key = models.CharField(max_length=64, blank=True, editable=False)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "form_key"], condition=~Q(form_key=""), name="message_once_a_form"
            )
        ]

    def __str__(self) -> str:
        return f"Message {self.pk} to request {self.request_id}"


def _localised(english: str, chinese: str) -> str:
    """The text in the reader's language, as far as the operator wrote it."""
    return chinese if chinese and (get_language() or "").startswith("zh") else english


class Announcement(models.Model):
    """Something the shop tells everybody for a while; pinned, it stands on every page until it is put away."""

    class Tone(models.TextChoices):
        INFO = "info", "Information (blue)"
        SUCCESS = "success", "Good news (green)"
        WARNING = "warning", "Warning (yellow)"
        DANGER = "danger", "Trouble (red)"

    title_en = models.CharField("title in English", max_length=150)
    title_zh = models.CharField("title in Chinese", max_length=150, blank=True)
    text_en = models.TextField("text in English", max_length=5000, blank=True)
    text_zh = models.TextField("text in Chinese", max_length=5000, blank=True)
    tone = models.CharField(max_length=8, choices=Tone.choices, default=Tone.INFO)
    pinned = models.BooleanField(default=False, help_text="At the top of every page of the shop.")
    from_at = models.DateTimeField("from")
    until_at = models.DateTimeField("until", null=True, blank=True, help_text="Empty: until it is taken away.")

    class Meta:
        ordering = ["-from_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(until_at__isnull=True) | Q(until_at__gt=models.F("from_at")),
                name="announcement_ends_after_it_begins",
                violation_error_message="It has to end after it begins.",
            )
        ]
        indexes = [
            models.Index(fields=["-from_at"], condition=Q(pinned=True), name="announcement_pinned"),
            models.Index(fields=["-from_at", "-id"], name="announcement_newest"),
        ]

    def __str__(self) -> str:
        return self.title_en

    @property
    def title(self) -> str:
        """In the reader's language."""
        return _localised(self.title_en, self.title_zh)

    @property
    def text(self) -> str:
        """In the reader's language; plain text."""
        return _localised(self.text_en, self.text_zh)


class Question(models.Model):
    """A question that many ask, and its answer."""

    question_en = models.CharField("question in English", max_length=300)
    question_zh = models.CharField("question in Chinese", max_length=300, blank=True)
    answer_en = models.TextField("answer in English", max_length=10_000)
    answer_zh = models.TextField("answer in Chinese", max_length=10_000, blank=True)
    position = models.PositiveIntegerField(default=0, help_text="Smaller comes first.")
    shown = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.question_en

    @property
    def question(self) -> str:
        """In the reader's language."""
        return _localised(self.question_en, self.question_zh)

    @property
    def answer(self) -> str:
        """In the reader's language; plain text."""
        return _localised(self.answer_en, self.answer_zh)
