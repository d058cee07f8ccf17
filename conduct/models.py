"""What is not sold here, and who tried to buy it all the same."""

import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _


class Block(models.Model):
    """One thing that is not sold, with the reason that customers read.

    `match` is `value` as it is compared: a domain in its one form, a word or a name without case.
    """

    class Kind(models.TextChoices):
        CATEGORY = "CATEGORY", "Category: its name"
        SERVICE = "SERVICE", "Services whose name has these words"
        SITE = "SITE", "Numbers for a site: its name"
        COUNTRY = "COUNTRY", "Numbers of a country: its code, such as US"
        DOMAIN = "DOMAIN", "Links to a domain and all below it"
        WORD = "WORD", "Links with this word in them"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    value = models.CharField("what", max_length=300)
    match = models.CharField(max_length=600, editable=False)
    reason = models.CharField(
        "reason, in English", max_length=300, blank=True, help_text="Customers read it; empty: a general sentence."
    )
    reason_zh = models.CharField("reason, in Chinese", max_length=300, blank=True)
    note = models.TextField(blank=True, help_text="For operators.")
    active = models.BooleanField(default=True)
    hits = models.PositiveIntegerField(default=0, editable=False)
    last_hit_at = models.DateTimeField(null=True, blank=True, editable=False)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "blocklist entry"
        verbose_name_plural = "blocklist"
        ordering = ["kind", "value"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "match"], name="block_once"),
            models.CheckConstraint(condition=~Q(match=""), name="block_matches_something"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display().partition(':')[0]}: {self.value}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        Edition.renew()

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        gone = super().delete(*args, **kwargs)
        Edition.renew()
        return gone

    @property
    def words(self) -> str:
        """Why, for the customer, in their language."""
        own = self.reason_zh if (get_language() or "").startswith("zh") and self.reason_zh else self.reason
        return own or _("This is not sold here: the rules of the shop do not allow it.")


class Edition(models.Model):
    """Which blocklist holds: a mark that is another whenever an entry was. Processes keep what they read by it."""

    mark = models.CharField(max_length=32)

    def __str__(self) -> str:
        return self.mark

    @classmethod
    def renew(cls) -> None:
        """Let every process read the list again, once this transaction commits."""
        mark = secrets.token_hex(16)
        if not cls.objects.filter(pk=1).update(mark=mark):
            cls.objects.update_or_create(pk=1, defaults={"mark": mark})


class Hit(models.Model):
    """Somebody tried to buy what is not sold; the same once more counts up."""

    block = models.ForeignKey(Block, on_delete=models.CASCADE, related_name="tries")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=300, help_text="The link, the service or the place.")
    times = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "refused wish"
        verbose_name_plural = "refused wishes"
        ordering = ["-last_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["block", "customer", "what"], name="hit_once_a_wish")]

    def __str__(self) -> str:
        return f"{self.customer}: {self.what}"
