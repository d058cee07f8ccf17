"""Plans: `runs` orders of the same thing, `interval` minutes apart, the first one now or at a planned moment."""

from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Service
from core.money import MoneyField
from wallet.models import Hold


class Plan(models.Model):
    """What a customer ordered for later, at the prices of the moment they ordered it.

    `hold` covers the runs that have not been placed; each run takes its part along into a hold of its own order.
    """

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", _("Active")
        PAUSED = "PAUSED", _("Paused")
        DONE = "DONE", _("All runs placed")
        STOPPED = "STOPPED", _("Stopped")

    class Reason(models.TextChoices):
        """Why a plan was stopped, in words for the customer."""

        BY_CUSTOMER = "BY_CUSTOMER", _("You stopped it.")
        BY_OPERATOR = "BY_OPERATOR", _("The shop stopped it.")
        SERVICE_GONE = "SERVICE_GONE", _("This service is no longer offered.")
        BAD_QUANTITY = "BAD_QUANTITY", _("The service no longer takes orders of this size.")
        REFUSED = "REFUSED", _("A run was refused, so the others would be too.")
        NOT_ALLOWED = "NOT_ALLOWED", _("The rules of the shop do not allow it any more.")
        WAITED = "WAITED", _("The next run could not be placed for a day.")

    OPEN = [State.ACTIVE, State.PAUSED]

    reference = models.CharField(max_length=12, unique=True, editable=False)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="plans")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="plans")
    service_name = models.CharField(max_length=1000)
    link = models.CharField(max_length=1000)
    quantity = models.PositiveBigIntegerField(help_text="Pieces of one run.")
    runs = models.PositiveIntegerField()
    interval = models.PositiveIntegerField(help_text="Minutes from one run to the next.")
    unit = models.PositiveIntegerField()
    rate = MoneyField(help_text="USD that one rate unit cost us.")
    price = MoneyField(help_text="USD we asked for one rate unit.")
    charge = MoneyField(help_text="USD that one run costs.")
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, related_name="plan")
    # As an order's: the same key again finds the first one.
    form_key = models.CharField(max_length=64, blank=True, editable=False)

    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    reason = models.CharField(max_length=12, choices=Reason.choices, blank=True)
    placed = models.PositiveIntegerField(default=0, help_text="Runs that have become orders.")
    next_run_at = models.DateTimeField(null=True, blank=True)
    # Since when the next run is due and can't be placed.
    waits_since = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField(help_text="When a customer could last see something new.")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "form_key"], condition=~Q(form_key=""), name="plan_once_a_form"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1, runs__gte=1), name="plan_of_something"),
            models.CheckConstraint(condition=Q(placed__lte=F("runs")), name="plan_places_at_most_its_runs"),
            models.CheckConstraint(
                condition=Q(state__in=["ACTIVE", "PAUSED"], finished_at__isnull=True, next_run_at__isnull=False)
                | Q(state__in=["DONE", "STOPPED"], finished_at__isnull=False, next_run_at__isnull=True),
                name="plan_ended_has_its_time",
            ),
            models.CheckConstraint(condition=~Q(state="DONE") | Q(placed=F("runs")), name="plan_done_placed_all"),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="plan_of_customer"),
            models.Index(fields=["next_run_at"], condition=Q(state="ACTIVE"), name="plan_due"),
        ]

    def __str__(self) -> str:
        return f"Plan {self.pk}"

    @property
    def is_open(self) -> bool:
        """More runs may follow."""
        return self.state in self.OPEN

    @property
    def left(self) -> int:
        """Runs that have not been placed."""
        return self.runs - self.placed

    @property
    def total(self) -> Decimal:
        """USD that all runs cost together."""
        return self.charge * self.runs

    @property
    def every(self) -> timedelta:
        """From one run to the next."""
        return timedelta(minutes=self.interval)
