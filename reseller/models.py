"""Signs of life that other processes read."""

from django.db import models


class Heartbeat(models.Model):
    """When a part of the shop last told that it is alive."""

    WORKER = "worker"

    name = models.CharField(max_length=40, unique=True)
    beaten_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
