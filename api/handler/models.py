"""What the bots' protocol needs to remember: its own names for sites and countries, and which code a bot was told."""

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models

from sms.models import Country, Number, Site


class ServiceCode(models.Model):
    """What a site is called in the protocol: `tg`, `wa`. Once given it stays, since bots have it in their settings."""

    site = models.OneToOneField(Site, on_delete=models.CASCADE, related_name="handler_code")
    code = models.CharField(
        max_length=12,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9]+\Z", "Small letters a to z and digits only.")],
        help_text="Bots ask for the site by this. Changing it breaks those that are set up.",
    )

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code}: {self.site}"


class CountryCode(models.Model):
    """The number of a country in the protocol. Once given it stays."""

    country = models.OneToOneField(Country, on_delete=models.CASCADE, related_name="handler_code")
    number = models.PositiveIntegerField(
        unique=True,
        validators=[MaxValueValidator(10**9)],
        help_text="Bots ask for the country by this. Changing it breaks those that are set up.",
    )

    class Meta:
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number}: {self.country}"


class Told(models.Model):
    """The newest message of a number that its bot was told, and whether the bot waits for another one since."""

    number = models.OneToOneField(Number, on_delete=models.CASCADE, related_name="handler_told")
    message = models.BigIntegerField(help_text="The message's id.")
    again = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "told"

    def __str__(self) -> str:
        return f"Message {self.message} of number {self.number_id}"
