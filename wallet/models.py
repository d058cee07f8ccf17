"""The books: accounts, transfers between them, holds on them.

Money only ever moves from one account to another, so the sum over all accounts is zero by construction.
A customer's account also keeps its running figures, `balance` and `held`; the shop's own accounts are sums
of their transfers, so that no row is touched by every purchase. Only `wallet.ledger` writes here.
"""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from core.money import MoneyField, show


class Account(models.Model):
    """Something money can be in: a customer's prepaid balance, or one of the shop's own accounts."""

    class Kind(models.TextChoices):
        CUSTOMER = "CUSTOMER", "Customer"
        PAYMENTS = "PAYMENTS", "Payments received"
        SALES = "SALES", "Sales"
        ADJUSTMENTS = "ADJUSTMENTS", "Adjustments by operators"
        PROMOTIONS = "PROMOTIONS", "Given away: bonuses, vouchers, referrals"

    kind = models.CharField(max_length=12, choices=Kind.choices)
    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="account",
    )
    balance = MoneyField(default=Decimal(0))
    held = MoneyField(default=Decimal(0))

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(held__gte=0), name="account_held_not_negative"),
            models.CheckConstraint(condition=Q(balance__gte=F("held")), name="account_balance_covers_held"),
            models.CheckConstraint(
                condition=Q(kind="CUSTOMER", owner__isnull=False)
                | Q(~Q(kind="CUSTOMER"), owner__isnull=True, balance=0, held=0),
                name="account_customer_has_owner",
            ),
            models.UniqueConstraint(fields=["kind"], condition=Q(owner=None), name="account_one_of_each_system_kind"),
        ]

    def __str__(self) -> str:
        return str(self.owner) if self.owner_id else self.get_kind_display()

    @property
    def available(self) -> Decimal:
        """USD the customer can spend now."""
        return self.balance - self.held


class Transfer(models.Model):
    """One movement of money; never changed, never deleted (database triggers see to it)."""

    class Kind(models.TextChoices):
        DEPOSIT = "DEPOSIT", "Funds added"
        CAPTURE = "CAPTURE", "Purchase"
        REFUND = "REFUND", "Refund"
        ADJUSTMENT = "ADJUSTMENT", "Adjustment"
        BONUS = "BONUS", "Bonus"
        CHARGEBACK = "CHARGEBACK", "Payment taken back"

    key = models.CharField(max_length=120, unique=True, help_text="What caused it; the same cause moves money once.")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    source = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="transfers_out", db_index=False)
    target = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="transfers_in", db_index=False)
    # The customer's end of it, so that a statement is one walk along one index.
    customer = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="statement", db_index=False)
    hold = models.ForeignKey("Hold", null=True, blank=True, on_delete=models.PROTECT, related_name="transfers")
    amount = MoneyField()
    balance_after = MoneyField(help_text="The customer's balance right after it.")
    memo = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_amount_positive"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="transfer_between_two_accounts"),
            models.CheckConstraint(
                condition=Q(customer=F("source")) | Q(customer=F("target")),
                name="transfer_customer_is_an_end",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["CAPTURE", "REFUND"], hold__isnull=False)
                | Q(kind__in=["DEPOSIT", "ADJUSTMENT", "BONUS", "CHARGEBACK"], hold__isnull=True),
                name="transfer_of_a_purchase_has_its_hold",
            ),
            models.UniqueConstraint(fields=["hold"], condition=Q(kind="CAPTURE"), name="transfer_one_capture_a_hold"),
        ]
        indexes = [
            models.Index(fields=["customer", "-id"], name="transfer_statement"),
            # The books are counted by day; operators read them by kind.
            models.Index(fields=["created_at"], name="transfer_by_time"),
            models.Index(fields=["kind", "-id"], name="transfer_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {show(self.amount)} ({self.key})"

    @property
    def signed(self) -> Decimal:
        """USD as the customer sees it: positive in, negative out."""
        return self.amount if self.target_id == self.customer_id else -self.amount


class Hold(models.Model):
    """Money of a customer that is spoken for until the purchase behind it ends."""

    class State(models.TextChoices):
        OPEN = "OPEN", "Open"
        CAPTURED = "CAPTURED", "Captured"
        RELEASED = "RELEASED", "Released"

    key = models.CharField(max_length=120, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="holds")
    amount = MoneyField()
    captured = MoneyField(default=Decimal(0))
    refunded = MoneyField(default=Decimal(0))
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="hold_amount_positive"),
            models.CheckConstraint(
                condition=Q(captured__gte=0, captured__lte=F("amount")),
                name="hold_captures_at_most_its_amount",
            ),
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("captured")),
                name="hold_refunds_at_most_what_it_captured",
            ),
            models.CheckConstraint(
                condition=Q(state="OPEN", captured=0, closed_at__isnull=True)
                | Q(state="CAPTURED", captured__gt=0, closed_at__isnull=False)
                | Q(state="RELEASED", captured=0, closed_at__isnull=False),
                name="hold_state_fits_its_figures",
            ),
        ]
        indexes = [
            models.Index(fields=["account"], condition=Q(state="OPEN"), name="hold_open_by_account"),
            models.Index(fields=["closed_at", "id"], condition=Q(state="CAPTURED"), name="hold_captured_in_order"),
            models.Index(fields=["account", "created_at"], name="hold_of_account_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {show(self.amount)} ({self.key})"


class ReferralSweep(models.Model):
    """How far `wallet.referral` has come: every hold that was captured before this has been looked at. One row."""

    closed_at = models.DateTimeField()
    hold_number = models.BigIntegerField(default=0, help_text="The last one looked at of those closed at that moment.")

    def __str__(self) -> str:
        return f"{self.closed_at:%Y-%m-%d %H:%M:%S}"
