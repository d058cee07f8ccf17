"""What came in, how, and what was taken back. The money itself moves in `wallet.ledger`; its rows are named here."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from payments.core import get_base_url
from payments.models import BasePayment

from core.money import MoneyField, show
from funds.offer import Terms
from wallet.models import Transfer


def new_token() -> str:
    """A name that nobody guesses."""
    return str(uuid.uuid4())


PERCENT = [MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(50))]


class Method(models.Model):
    """A way to pay as customers see it: its name, its bounds and what it costs."""

    class Provider(models.TextChoices):
        # The names are those of PAYMENT_VARIANTS, which are part of the addresses of notices.
        STRIPE = "stripe", "Cards, by Stripe"
        BTCPAY = "btcpay", "Cryptocurrency, by BTCPay Server"
        TRANSFER = "transfer", "Transfer that an operator checks"
        DUMMY = "dummy", "Test payment (only with DEBUG)"

    provider = models.CharField(max_length=10, choices=Provider.choices)
    name = models.CharField(max_length=60)
    name_zh = models.CharField("name in Chinese", max_length=60, blank=True)
    instructions = models.TextField(
        blank=True, max_length=4000, help_text="For transfers: where to pay to. Customers read it as plain text."
    )
    instructions_zh = models.TextField("instructions in Chinese", blank=True, max_length=4000)
    minimum = MoneyField(default=Decimal(5), help_text="USD, the least that can be added at once.")
    maximum = MoneyField(default=Decimal(1000), help_text="USD, the most that can be added at once.")
    fee_percent = models.DecimalField(
        max_digits=5, decimal_places=2, default=Decimal(0), validators=PERCENT, help_text="On top of the amount."
    )
    fee_fixed = MoneyField(default=Decimal(0), help_text="USD on top of the amount, besides the percentage.")
    active = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0, help_text="Lower ones stand first.")

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider"],
                condition=~Q(provider="transfer"),
                name="method_one_a_provider",
                violation_error_message="There is a method of this provider already: change that one.",
            ),
            models.CheckConstraint(
                condition=Q(minimum__gt=0, maximum__gte=F("minimum")), name="method_bounds_make_sense"
            ),
            models.CheckConstraint(condition=Q(fee_percent__gte=0, fee_fixed__gte=0), name="method_fee_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        """Its name in the reader's language."""
        return self.name_zh if self.name_zh and _chinese() else self.name

    @property
    def how(self) -> str:
        """Its instructions in the reader's language."""
        return self.instructions_zh if self.instructions_zh and _chinese() else self.instructions


def _chinese() -> bool:
    return (get_language() or "").startswith("zh")


class Bonus(models.Model):
    """What the shop adds to a top-up from an amount on; of the steps that are reached the highest counts."""

    from_amount = MoneyField(unique=True, help_text="USD from which it counts.")
    percent = models.DecimalField(
        max_digits=5, decimal_places=2, validators=PERCENT, help_text="Of the amount, added to it."
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["from_amount"]
        verbose_name_plural = "bonuses"
        constraints = [
            models.CheckConstraint(condition=Q(from_amount__gt=0), name="bonus_from_something"),
            models.CheckConstraint(condition=Q(percent__gt=0, percent__lte=50), name="bonus_percent_makes_sense"),
        ]

    def __str__(self) -> str:
        return f"{self.percent}% from {show(self.from_amount)}"


class TopUp(BasePayment, models.Model):  # the second for types: django-payments has none
    """A customer's wish to add funds, and what came of it.

    django-payments wants a payment of its kind; what we don't need of it is left out. `state` is the shop's own word
    for where the money is; `status` belongs to the provider's code and decides nothing.
    """

    class State(models.TextChoices):
        OPEN = "OPEN", _("Waiting for your payment")
        PROCESSING = "PROCESSING", _("Being confirmed")
        CHECKING = "CHECKING", _("We check it")
        REVIEW = "REVIEW", _("We look at it")
        PAID = "PAID", pgettext_lazy("money", "Added")
        EXPIRED = "EXPIRED", _("Expired")
        FAILED = "FAILED", _("Not paid")
        REFUSED = "REFUSED", _("Refused")

    # The customer's side still moves, or ours does.
    MOVING = [State.OPEN, State.PROCESSING, State.CHECKING, State.REVIEW]
    # An operator has to decide.
    WAITING_FOR_US = [State.CHECKING, State.REVIEW]

    fraud_status = None
    fraud_message = None
    created = None
    modified = None
    delivery = None
    tax = None
    description = None
    billing_first_name = None
    billing_last_name = None
    billing_address_1 = None
    billing_address_2 = None
    billing_city = None
    billing_postcode = None
    billing_country_code = None
    billing_country_area = None
    billing_email = None
    billing_phone = None
    customer_ip_address = None
    extra_data = None
    captured_amount = None

    token = models.CharField(max_length=36, unique=True, default=new_token, editable=False)
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="top_ups")
    method = models.ForeignKey(Method, on_delete=models.PROTECT, related_name="top_ups")
    amount = MoneyField(help_text="USD that the customer wants to add.")
    fee = MoneyField(default=Decimal(0))
    bonus = MoneyField(default=Decimal(0), help_text="USD promised on top, when all of it is paid.")
    total = MoneyField(help_text="USD to be paid: amount and fee.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    pay_url = models.CharField(max_length=2000, blank=True, help_text="The provider's page.")
    # By which refunds and disputes name it; Stripe's payment intent.
    payment_id = models.CharField(max_length=255, blank=True)
    received = MoneyField(null=True, blank=True, help_text="What really came, in USD.")
    credited = MoneyField(null=True, blank=True, help_text="USD that the balance got, without the bonus.")
    bonus_given = MoneyField(default=Decimal(0))
    deposit = models.OneToOneField(Transfer, null=True, blank=True, on_delete=models.PROTECT, related_name="top_up")
    reference = models.CharField(max_length=200, blank=True, help_text="The customer's own, for a transfer.")
    note = models.CharField(max_length=500, blank=True, help_text="What an operator should know.")
    reason = models.CharField(max_length=500, blank=True, help_text="Why it was refused; the customer reads it.")
    form_key = models.CharField(max_length=64, unique=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    # When the provider is asked next, in case its notice was missed; nothing once it need not be asked any more.
    next_check_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-id"]
        verbose_name = "top-up"
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, fee__gte=0, bonus__gte=0, bonus_given__gte=0, total=F("amount") + F("fee")),
                name="topup_figures_add_up",
            ),
            models.CheckConstraint(
                condition=Q(state="PAID", deposit__isnull=False, credited__gt=0, received__gt=0)
                | Q(~Q(state="PAID"), deposit__isnull=True, credited__isnull=True, bonus_given=0),
                name="topup_is_paid_by_its_deposit",
            ),
            models.UniqueConstraint(
                fields=["variant", "transaction_id"],
                condition=~Q(transaction_id=""),
                name="topup_one_for_a_payment",
            ),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="topup_of_customer"),
            models.Index(
                fields=["next_check_at"], condition=Q(next_check_at__isnull=False), name="topup_to_be_checked"
            ),
            models.Index(fields=["state"], condition=Q(state__in=["CHECKING", "REVIEW"]), name="topup_for_operators"),
            models.Index(fields=["expires_at"], condition=Q(state="OPEN"), name="topup_open_by_end"),
            models.Index(fields=["payment_id"], condition=~Q(payment_id=""), name="topup_by_payment"),
        ]

    def __str__(self) -> str:
        return f"Top-up {self.pk}"

    @property
    def terms(self) -> Terms:
        """What was agreed when it began."""
        return Terms(amount=self.amount, fee=self.fee, bonus=self.bonus)

    @property
    def brought(self) -> Decimal:
        """USD that the balance got, bonus included."""
        return (self.credited or Decimal(0)) + self.bonus_given

    @property
    def is_transfer(self) -> bool:
        """Whether an operator checks it, instead of a provider."""
        return self.variant == Method.Provider.TRANSFER

    def get_success_url(self) -> str:
        """Where a provider sends the customer back to, paid or not: its page knows."""
        path: str = reverse("funds:top_up", args=[self.token])
        return f"{get_base_url()}{path}"

    def get_failure_url(self) -> str:
        return self.get_success_url()


class Proof(models.Model):
    """A picture or PDF that a customer shows for a transfer.

    It lies in the database: that is backed up as one, is reached by every web process, and has no paths to escape from.
    """

    class Type(models.TextChoices):
        PNG = "image/png", "PNG"
        JPEG = "image/jpeg", "JPEG"
        WEBP = "image/webp", "WebP"
        PDF = "application/pdf", "PDF"

    top_up = models.ForeignKey(TopUp, on_delete=models.PROTECT, related_name="proofs")
    name = models.CharField(max_length=120, help_text="As the customer called it: hostile text.")
    type = models.CharField(max_length=20, choices=Type.choices)
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    content = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["top_up", "digest"], name="proof_once")]

    def __str__(self) -> str:
        return f"Proof {self.pk}"


class Debt(models.Model):
    """A payment that its provider took back: what the customer owes for it, and what was collected of that."""

    class Kind(models.TextChoices):
        REFUND = "REFUND", "Refunded at the provider"
        DISPUTE = "DISPUTE", "Disputed by the payer"

    class State(models.TextChoices):
        OPEN = "OPEN", "Open"
        PAID = "PAID", "Collected"
        RETURNED = "RETURNED", "Dispute won: given back"
        FORGIVEN = "FORGIVEN", "Forgiven"

    key = models.CharField(max_length=200, unique=True, help_text="The provider's name for the matter.")
    top_up = models.ForeignKey(TopUp, on_delete=models.PROTECT, related_name="debts")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="debts")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    taken = MoneyField(help_text="USD that the provider took back.")
    amount = MoneyField(help_text="USD of the balance that this brought: its share of credit and bonus.")
    paid = MoneyField(default=Decimal(0), help_text="USD collected from the balance so far.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    reason = models.CharField(max_length=500, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gte=0, taken__gt=0, paid__gte=0, paid__lte=F("amount")), name="debt_figures"
            ),
            models.CheckConstraint(
                condition=Q(state="OPEN", paid__lt=F("amount"), closed_at__isnull=True)
                | Q(state="PAID", paid=F("amount"), closed_at__isnull=False)
                | Q(state__in=["RETURNED", "FORGIVEN"], closed_at__isnull=False),
                name="debt_state_fits_its_figures",
            ),
        ]
        indexes = [
            models.Index(fields=["customer"], condition=Q(state="OPEN"), name="debt_open_by_customer"),
        ]

    def __str__(self) -> str:
        return f"Debt {self.pk}"

    @property
    def left(self) -> Decimal:
        """USD still to be collected."""
        return self.amount - self.paid if self.state == self.State.OPEN else Decimal(0)


class Batch(models.Model):
    """Vouchers that were made together. Their codes were shown once, to whoever made them."""

    class Kind(models.TextChoices):
        GIFT = "GIFT", "Gift: a bonus from the shop"
        SOLD = "SOLD", "Sold: the shop was paid for it elsewhere"

    name = models.CharField(max_length=100, help_text="For operators.")
    kind = models.CharField(max_length=4, choices=Kind.choices)
    amount = MoneyField(help_text="USD that each of them is worth.")
    count = models.PositiveIntegerField()
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: they don't expire.")
    form_key = models.CharField(max_length=64, unique=True, editable=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        verbose_name = "batch of vouchers"
        verbose_name_plural = "batches of vouchers"
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0, count__gt=0), name="batch_worth_something")]

    def __str__(self) -> str:
        return f"{self.name} ({self.count} × {show(self.amount)})"


class Voucher(models.Model):
    """A code that is money, once. Only its SHA-256 is kept: it has 80 random bits, nobody guesses it from that."""

    class State(models.TextChoices):
        READY = "READY", "Can be redeemed"
        REDEEMED = "REDEEMED", "Redeemed"
        VOID = "VOID", "Void"

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="vouchers")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    tail = models.CharField(max_length=4, help_text="The end of the code, to tell one from another.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.READY)
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="vouchers"
    )
    transfer = models.OneToOneField(Transfer, null=True, blank=True, on_delete=models.PROTECT, related_name="voucher")
    redeemed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="REDEEMED", customer__isnull=False, transfer__isnull=False, redeemed_at__isnull=False)
                | Q(~Q(state="REDEEMED"), customer__isnull=True, transfer__isnull=True, redeemed_at__isnull=True),
                name="voucher_is_redeemed_by_its_transfer",
            ),
        ]

    def __str__(self) -> str:
        return f"Voucher {self.pk} (…{self.tail})"
