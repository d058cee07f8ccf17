"""What the shop knows of the vendor's side: its balance over time, and the pace where no Redis keeps it."""

from django.db import models

from core.money import MoneyField
from core.prepared import Prepared


class _Taken(models.Manager["BalanceReading"]):
    """Readings that were answered."""

    def get_queryset(self) -> models.QuerySet["BalanceReading"]:
        return super().get_queryset().filter(balance__isnull=False)


class BalanceReading(models.Model):
    """The operator's prepaid balance with the vendor, as read at one moment.

    A row is made before the vendor is asked and filled in afterwards, so that its number tells what came before
    it and what came after, whatever the clocks say. `objects` knows the answered ones only.
    """

    balance = MoneyField(null=True)
    read_at = models.DateTimeField(db_index=True)

    objects = _Taken()
    begun = models.Manager["BalanceReading"]()

    class Meta:
        ordering = ["-id"]
        base_manager_name = "begun"

    def __str__(self) -> str:
        return f"{self.balance} at {self.read_at:%Y-%m-%d %H:%M:%S}"

    @classmethod
    def last_taken(cls) -> int:
        """The number of the newest reading that was answered; 0 when there is none."""
        newest = _TAKEN.first()
        return newest[0] if newest else 0

    @classmethod
    def last_begun(cls) -> int:
        """The number of the newest reading, answered or not yet; 0 when there is none."""
        newest = _BEGUN.first()
        return newest[0] if newest else 0


# Asked several times for every purchase.
_TAKEN = Prepared(lambda: BalanceReading.objects.order_by("-pk").values_list("pk")[:1])
_BEGUN = Prepared(lambda: BalanceReading.begun.order_by("-pk").values_list("pk")[:1])


class PaceState(models.Model):
    """The shared pace as one row, for shops whose broker is not Redis. Times are seconds since the epoch."""

    name = models.CharField(max_length=40, primary_key=True)
    next_at = models.FloatField(default=0)
    # The breaker's gate: when it opened (0: it is closed), until when it rests, and how often it has in a row.
    opened_at = models.FloatField(default=0)
    open_until = models.FloatField(default=0)
    openings = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    # The one call that tries it after a rest, and until when no other may.
    probe = models.CharField(max_length=60, blank=True)
    tried_until = models.FloatField(default=0)
    word = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name


class PaceSlot(models.Model):
    """One of the calls that may be under way at a time; free when its lease is over."""

    number = models.PositiveIntegerField(primary_key=True)
    leased_until = models.FloatField(default=0)

    def __str__(self) -> str:
        return f"slot {self.number}"


class Claim(models.Model):
    """A running purchase that a worker asks for right now (`upstream/claims.py`); free again after `until`."""

    kind = models.CharField(max_length=20)
    target = models.BigIntegerField()
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "target"], name="one_claim_at_a_time")]

    def __str__(self) -> str:
        return f"{self.kind} {self.target} until {self.until:%H:%M:%S}"


class RateUnit(models.Model):
    """An operator's answer to what one `rate` of the vendor's buys (docs/upstream.md, ruling 2)."""

    class Entity(models.TextChoices):
        SMM = "SMM", "Social-media services"
        PRODUCT = "PRODUCT", "Digital products"

    entity = models.CharField(max_length=8, choices=Entity.choices, primary_key=True)
    unit = models.PositiveIntegerField(help_text="How many pieces: 1,000, or 1.")
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(unit__gte=1), name="rate_unit_counts_something")]

    def __str__(self) -> str:
        return f"{self.entity}: {self.unit}"
