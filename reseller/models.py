"""What the shop remembers of its first run."""

from django.conf import settings
from django.db import models

from core.secrets import EncryptedTextField


class _Unread(models.Manager["FirstRun"]):
    """Leaves the sample where it is until it is asked for: the page has to come where nobody can read it."""

    def get_queryset(self) -> models.QuerySet["FirstRun"]:
        return super().get_queryset().defer("sample")


class FirstRun(models.Model):
    """One row: when the checks of the first run were gone through, and what they need to remember."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    letter_sent_at = models.DateTimeField(null=True, blank=True, help_text="When the mail server took a test letter.")
    # Written once: what can't be decrypted any more shows that the keys were changed without the old ones.
    sample = EncryptedTextField(default="", blank=True)

    objects = _Unread()

    class Meta:
        verbose_name_plural = "first run"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="first_run_is_one")]

    def __str__(self) -> str:
        return "The first run"
