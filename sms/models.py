"""Phone numbers for SMS codes: where they are sold, what for, and what came of each one bought."""

import secrets
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerGroup
from core.money import MoneyField
from core.secrets import EncryptedTextField
from sms import states
from upstream import following, forwarding
from wallet.models import Hold


class Country(models.Model):
    """A country under the code by which the vendor's projects name it (docs/upstream.md, ruling 7)."""

    code = models.CharField(max_length=50, unique=True)
    name = models.CharField(max_length=500)
    region = models.CharField(
        max_length=2, blank=True, help_text="ISO 3166 code, where the vendor's code leads to one."
    )
    hidden = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "countries"
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Site(models.Model):
    """What a code is for (“OpenAI / ChatGPT”): the same name has a project of its own in each country."""

    name = models.CharField(max_length=500)
    folded = models.CharField(max_length=500, unique=True, editable=False)
    hidden = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    """A site in one country: what the vendor sells numbers of."""

    class State(models.TextChoices):
        ON_SALE = "ON_SALE", "On sale"
        WITHDRAWN = "WITHDRAWN", "Withdrawn by the vendor"
        SUSPENDED = "SUSPENDED", "Taken off sale: its cost is not what the vendor says"

    upstream_id = models.CharField(max_length=200, unique=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="projects")
    country = models.ForeignKey(Country, on_delete=models.PROTECT, related_name="projects")
    cost = MoneyField(help_text="USD that one number costs us.")
    price = MoneyField(help_text="USD we ask for one number.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.ON_SALE)
    hidden = models.BooleanField(default=False)
    changed_at = models.DateTimeField()
    # How it went lately; none while there are too few numbers to say.
    delivery_rate = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Per cent that got a code.")
    median_seconds = models.PositiveIntegerField(null=True, blank=True, help_text="Until the code came.")

    class Meta:
        ordering = ["site__name", "price"]
        constraints = [
            models.CheckConstraint(condition=Q(cost__gt=0), name="project_costs_something"),
            models.CheckConstraint(condition=Q(price__gte=models.F("cost")), name="project_not_sold_below_cost"),
        ]
        indexes = [
            models.Index(fields=["site", "price"], condition=Q(state="ON_SALE", hidden=False), name="project_shelf")
        ]

    def __str__(self) -> str:
        return f"{self.site} in {self.country}"


class MarkupRule(models.Model):
    """What is added to the vendor's price of a number; of the rules that fit a project the narrowest wins.

    A rule of a customer group holds for its customers alone, and wins over every general one that fits.
    """

    percent = models.DecimalField(max_digits=7, decimal_places=2, default=Decimal(0))
    fixed = MoneyField(default=Decimal(0), help_text="USD added to one number.")
    minimum_margin = MoneyField(default=Decimal(0), help_text="USD that one number earns at least.")
    rounding = MoneyField(default=Decimal("0.0001"), help_text="The price is rounded up to a multiple of this.")
    country = models.ForeignKey(Country, null=True, blank=True, on_delete=models.CASCADE, related_name="rules")
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.CASCADE, related_name="rules")
    group = models.ForeignKey(CustomerGroup, null=True, blank=True, on_delete=models.CASCADE, related_name="sms_rules")
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["project_id", "country_id", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__gte=0, fixed__gte=0, minimum_margin__gte=0), name="sms_rule_only_adds"
            ),
            models.CheckConstraint(condition=Q(rounding__gt=0), name="sms_rule_rounds_to_something"),
            models.CheckConstraint(condition=Q(country=None) | Q(project=None), name="sms_rule_has_one_scope"),
            models.UniqueConstraint(
                fields=["active"],
                condition=Q(active=True, country=None, project=None, group=None),
                name="sms_rule_one_for_all",
            ),
            *(
                models.UniqueConstraint(
                    fields=[scope], condition=Q(active=True, group=None), name=f"sms_rule_one_a_{scope}"
                )
                for scope in ("country", "project")
            ),
            models.UniqueConstraint(
                fields=["group"], condition=Q(active=True, country=None, project=None), name="sms_rule_one_a_group"
            ),
            *(
                models.UniqueConstraint(
                    fields=["group", scope], condition=Q(active=True), name=f"sms_rule_one_a_group_and_{scope}"
                )
                for scope in ("country", "project")
            ),
        ]

    def __str__(self) -> str:
        place = self.project or self.country or "everything"
        return f"{self.percent}% on {place}" + (f" for {self.group}" if self.group else "")

    @property
    def holds_alone(self) -> bool:
        """As the table has it, it is the general active rule for everything; a constraint allows one."""
        return MarkupRule.objects.filter(pk=self.pk, active=True, country=None, project=None, group=None).exists()


class Favourite(models.Model):
    """A project that a customer keeps at hand."""

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sms_favourites")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "project"], name="favourite_once")]

    def __str__(self) -> str:
        return f"{self.customer}: {self.project}"


def new_reference() -> str:
    """What the holds of a purchase are named by."""
    return secrets.token_hex(8)


class Purchase(forwarding.Forwarded):
    """One purchase of 1–10 numbers of a project; each number has a hold of its own."""

    class Reason(models.TextChoices):
        """Why no number came, in words for the customer."""

        NO_NUMBERS = "NO_NUMBERS", _("There are no free numbers right now. Try again later, or another country.")
        PROJECT_GONE = "PROJECT_GONE", _("This service is no longer offered in this country.")
        PHONE_GONE = "PHONE_GONE", _("This number can't be used again.")
        PRICE_ROSE = "PRICE_ROSE", _("The price rose before it could go out.")
        NOT_ACCEPTED = "NOT_ACCEPTED", _("The purchase could not be accepted.")
        WITHDRAWN = "WITHDRAWN", _("No number could be had in time.")

    reference = models.CharField(max_length=16, unique=True, default=new_reference, editable=False)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sms_purchases")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="purchases")
    site_name = models.CharField(max_length=500)
    country_name = models.CharField(max_length=500)
    quantity = models.PositiveSmallIntegerField()
    phone = models.CharField(max_length=60, blank=True, help_text="The number to use again, if any.")
    cost = MoneyField(help_text="USD that one number costs us.")
    price = MoneyField(help_text="USD set aside for each number.")
    surplus = models.PositiveSmallIntegerField(default=0, help_text="Numbers given beyond what was asked for.")
    form_key = models.CharField(max_length=64, blank=True, editable=False)
    state = models.CharField(max_length=12, choices=states.PURCHASE_CHOICES, default=states.PLACED)
    reason = models.CharField(max_length=16, choices=Reason.choices, blank=True)
    flag = models.CharField(max_length=300, blank=True)
    placed_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "form_key"], condition=~Q(form_key=""), name="purchase_once_a_form"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1, quantity__lte=10), name="purchase_of_1_to_10"),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="purchase_of_customer"),
            models.Index(fields=["not_before"], condition=Q(state="PLACED"), name="purchase_outbox"),
            models.Index(fields=["leased_until"], condition=Q(state="SUBMITTING"), name="purchase_leases"),
            models.Index(fields=["state", "-id"], name="purchase_by_state"),
            models.Index(fields=["placed_at"], name="purchase_by_time"),
        ]

    def __str__(self) -> str:
        return f"Purchase {self.pk}"

    @property
    def total(self) -> Decimal:
        """USD set aside when it was placed."""
        return self.price * self.quantity


class Attempt(forwarding.Attempt):
    """A call that tried to buy numbers."""

    purchase = models.ForeignKey(Purchase, on_delete=models.CASCADE, related_name="attempts")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.outcome} at {self.started_at:%Y-%m-%d %H:%M:%S}"


class Slot(models.Model):
    """The money of one number of a purchase: set aside when it is placed, before any number is known."""

    purchase = models.ForeignKey(Purchase, on_delete=models.PROTECT, related_name="slots")
    position = models.PositiveSmallIntegerField()
    hold = models.OneToOneField(Hold, on_delete=models.PROTECT, related_name="sms_slot")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["purchase", "position"], name="slot_one_a_place")]

    def __str__(self) -> str:
        return f"{self.purchase_id}/{self.position}"


class Number(following.Followed):
    """A number the vendor gave us, waiting for its code."""

    purchase = models.ForeignKey(Purchase, on_delete=models.PROTECT, related_name="numbers")
    slot = models.OneToOneField(Slot, on_delete=models.PROTECT, related_name="number")
    upstream_id = models.BigIntegerField(unique=True)
    phone = models.CharField(max_length=60, help_text="As the vendor wrote it.")
    e164 = models.CharField(max_length=20, blank=True, help_text="In international form, where it can be read.")
    state = models.CharField(max_length=10, choices=states.NUMBER_CHOICES, default=states.WAITING)
    upstream_status = models.CharField(max_length=100, blank=True)
    flag = models.CharField(max_length=300, blank=True)
    # The fingerprint of the newest code, so that asking again needs no look at the messages.
    last_code = models.CharField(max_length=64, blank=True, editable=False)
    received_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    first_code_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    texts_removed_at = models.DateTimeField(
        null=True, blank=True, help_text="When its messages were emptied, after GOODS_KEPT_DAYS."
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["next_poll_at"], condition=Q(state__in=["WAITING", "RECEIVED"]), name="number_polls"),
            models.Index(
                fields=["finished_at"],
                condition=Q(texts_removed_at__isnull=True, finished_at__isnull=False, first_code_at__isnull=False),
                name="number_texts_kept",
            ),
            models.Index(fields=["poll_claim"], condition=~Q(poll_claim=""), name="number_poll_claims"),
            models.Index(fields=["phone"], name="number_by_phone"),
            models.Index(fields=["e164"], condition=~Q(e164=""), name="number_by_e164"),
            models.Index(fields=["state", "-id"], name="number_by_state"),
            models.Index(fields=["received_at"], name="number_by_time"),
        ]

    def __str__(self) -> str:
        return self.e164 or self.phone


class Message(models.Model):
    """A message that came to a number; encrypted in the database."""

    number = models.ForeignKey(Number, on_delete=models.CASCADE, related_name="messages")
    code = EncryptedTextField(blank=True)
    text = EncryptedTextField(blank=True)
    fingerprint = models.CharField(max_length=64, editable=False)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["number", "fingerprint"], name="message_once_a_number")]

    def __str__(self) -> str:
        return f"Message {self.pk} to number {self.number_id}"


class SuccessRate(models.Model):
    """How many of a customer's numbers got a code lately: `sms/success.py` counts."""

    customer = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sms_success")
    numbers = models.PositiveIntegerField()
    codes = models.PositiveIntegerField()
    percent = models.PositiveSmallIntegerField(db_index=True)
    counted_at = models.DateTimeField()

    class Meta:
        ordering = ["percent", "-numbers"]

    def __str__(self) -> str:
        return f"{self.codes} of {self.numbers}"


class PurchaseEvent(models.Model):
    """What operators decided about a purchase, and what went wrong with it."""

    purchase = models.ForeignKey(Purchase, on_delete=models.CASCADE, related_name="events")
    note = models.TextField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.note[:60]}"
