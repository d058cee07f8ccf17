"""What customers keep and wait for."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from catalog.models.shelf import Service


class Favourite(models.Model):
    """A service that a customer keeps at hand."""

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="favourites")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "service"], name="service_favourite_once")]

    def __str__(self) -> str:
        return f"{self.customer}: {self.service}"


class StockWish(models.Model):
    """A customer who wants to hear when a service is in stock again; `catalog.back_in_stock` writes here."""

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="stock_wishes")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="stock_wishes")
    wished_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True, help_text="When it was seen in stock again.")
    told_at = models.DateTimeField(null=True, blank=True, help_text="When a page of the shop told the customer.")

    class Meta:
        verbose_name_plural = "stock wishes"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "service"], condition=Q(due_at=None), name="stock_wish_one_open_a_service"
            ),
            models.CheckConstraint(
                condition=Q(told_at=None) | Q(due_at__isnull=False), name="stock_wish_due_before_told"
            ),
        ]
        indexes = [
            models.Index(fields=["service"], condition=Q(due_at=None), name="stock_wish_open"),
            models.Index(
                fields=["customer"], condition=Q(due_at__isnull=False, told_at=None), name="stock_wish_to_tell"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer}: {self.service}"
