"""People: customers and operators, known by their e-mail address; where they log in from, who let them in, the terms
that they accepted, what they may not do for a time, and what operators note about them."""

import secrets
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from core.money import MoneyField


class People(BaseUserManager["User"]):
    """Creates users by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class CustomerGroup(models.Model):
    """Customers who have prices of their own: mark-up rules name it."""

    name = models.CharField(max_length=100, unique=True)
    note = models.TextField(blank=True, help_text="For operators.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person with an account. Staff run the shop; everybody may buy."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    login_alerts = models.BooleanField(default=True, help_text="An e-mail for each log-in from somewhere new.")
    invitation = models.ForeignKey(
        "Invitation", null=True, blank=True, on_delete=models.PROTECT, related_name="people", editable=False
    )

    # Not `groups`, which are Django's: what operators may do.
    group = models.ForeignKey(
        CustomerGroup,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="customers",
        verbose_name="customer group",
        help_text="Whose mark-up rules hold for this customer; empty: the general ones.",
    )
    # A customer's own limits; empty: the shop's (LIMIT_… in the settings), 0: none at all.
    limit_spend_a_day = MoneyField(
        "spending in 24 hours (USD)", null=True, blank=True, help_text="Empty: the shop's own limit. 0: no limit."
    )
    limit_active_numbers = models.PositiveIntegerField(
        "numbers at once", null=True, blank=True, help_text="Empty: the shop's own limit. 0: no limit."
    )
    limit_purchases_a_minute = models.PositiveIntegerField(
        "purchases in a minute", null=True, blank=True, help_text="Empty: the shop's own limit. 0: no limit."
    )
    referral_code = models.CharField(max_length=16, null=True, blank=True, unique=True, editable=False)
    referred_by = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="referred", editable=False
    )

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(referred_by=None) | ~models.Q(referred_by=models.F("id")),
                name="user_not_referred_by_themselves",
            ),
            models.CheckConstraint(
                condition=Q(limit_spend_a_day=None) | Q(limit_spend_a_day__gte=0), name="user_limit_not_negative"
            ),
        ]

    objects: ClassVar[People] = People()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.email


class Suspension(models.Model):
    """What a customer may not do for a time, and why. Rows stay when they are over: they are history."""

    class Degree(models.TextChoices):
        LOG_IN = "LOG_IN", "No log-in, no purchase, no API"
        PURCHASE = "PURCHASE", "No purchase, on the pages or by the API"
        API = "API", "No API"

    customer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="suspensions")
    degree = models.CharField(max_length=10, choices=Degree.choices)
    reason = models.TextField(help_text="For operators.")
    told = models.CharField("what the customer is told", max_length=300, blank=True)
    begun_at = models.DateTimeField()
    begun_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is lifted.")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "degree"], condition=Q(lifted_at=None), name="suspension_one_open_a_degree"
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("begun_at")), name="suspension_ends_after_it_began"
            ),
        ]

    def __str__(self) -> str:
        return f"Suspension {self.pk}"


class StaffNote(models.Model):
    """What operators write down about a customer, for each other."""

    customer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="staff_notes")
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Note {self.pk}"


class Place(models.Model):
    """A kind of browser on a kind of network from which somebody logged in."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="places")
    browser = models.CharField(max_length=60, help_text="In words: Firefox, Windows.")
    network = models.CharField(max_length=50, help_text="As wide as one provider's.")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["-last_at"]
        constraints = [models.UniqueConstraint(fields=["user", "browser", "network"], name="place_once_a_user")]

    def __str__(self) -> str:
        return f"{self.browser} in {self.network}"


def new_code() -> str:
    """The secret of an invitation: 96 bits, short enough for a message."""
    return secrets.token_urlsafe(12)


class Invitation(models.Model):
    """Lets a number of people sign up while the shop is by invitation only."""

    code = models.CharField(max_length=40, unique=True, default=new_code, editable=False)
    email = models.EmailField(blank=True, help_text="The only address that may use it; empty for any.")
    uses = models.PositiveIntegerField(default=1, help_text="How many accounts it is good for.")
    used = models.PositiveIntegerField(default=0, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it does not expire.")
    note = models.CharField(max_length=200, blank=True, help_text="For operators.")
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", editable=False)
    made_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(uses__gte=1), name="invitation_for_somebody"),
            models.CheckConstraint(condition=Q(used__lte=F("uses")), name="invitation_used_at_most_its_uses"),
        ]

    def __str__(self) -> str:
        return self.note or self.email or f"Invitation {self.pk}"


class Terms(models.Model):
    """A version of the shop's terms. Until it is published it may be changed; then people have agreed to it."""

    version = models.CharField(max_length=20, unique=True, help_text="What it is called: 2, or 2030-01.")
    text_en = models.TextField("text in English", blank=True)
    text_zh_hans = models.TextField(
        "text in Simplified Chinese", blank=True, help_text="Empty: readers of Chinese get the English one."
    )
    published_at = models.DateTimeField(null=True, blank=True, editable=False, db_index=True)

    class Meta:
        verbose_name_plural = "terms"
        ordering = ["-published_at", "-id"]

    def __str__(self) -> str:
        return f"Terms {self.version}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk and Terms.objects.filter(pk=self.pk, published_at__isnull=False).exists():
            raise ValidationError("Published terms can't be changed: publish a new version.")
        super().save(*args, **kwargs)

    @property
    def text(self) -> str:
        """In the reader's language, as far as there is one."""
        chinese = (get_language() or "").startswith("zh")
        return (self.text_zh_hans if chinese else "") or self.text_en


class Acceptance(models.Model):
    """Somebody's yes to a version of the terms."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="acceptances")
    terms = models.ForeignKey(Terms, on_delete=models.PROTECT, related_name="acceptances")
    at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["user", "terms"], name="acceptance_once_a_version")]

    def __str__(self) -> str:
        return f"{self.terms} at {self.at:%Y-%m-%d %H:%M:%S}"
