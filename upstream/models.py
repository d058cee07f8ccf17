"""What the shop knows of the vendor's side: its balance over time, and the pace where no Redis keeps it."""

from django.db import models

from core.money import MoneyField


class BalanceReading(models.Model):
    """The operator's prepaid balance with the vendor, as read at one moment."""

    balance = MoneyField()
    read_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-read_at"]

    def __str__(self) -> str:
        return f"{self.balance} at {self.read_at:%Y-%m-%d %H:%M:%S}"


class PaceState(models.Model):
    """The shared pace as one row, for shops whose broker is not Redis. Times are seconds since the epoch."""

    name = models.CharField(max_length=40, primary_key=True)
    next_at = models.FloatField(default=0)
    open_until = models.FloatField(default=0)
    failures = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name


class PaceSlot(models.Model):
    """One of the calls that may be under way at a time; free when its lease is over."""

    number = models.PositiveIntegerField(primary_key=True)
    leased_until = models.FloatField(default=0)

    def __str__(self) -> str:
        return f"slot {self.number}"
