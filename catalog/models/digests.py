"""What a sync remembers of the vendor's rows, so as not to look at them again: `catalog/digests.py`."""

from django.db import models


class RowDigest(models.Model):
    """The vendor's row from which the service's row was reckoned last, and by what; both as digests."""

    # Not a foreign key: what is written for a hundred thousand rows at once would be checked one by one.
    upstream_id = models.BigIntegerField(primary_key=True)
    digest = models.BinaryField(max_length=16)
    reckoning = models.BinaryField(max_length=16)

    def __str__(self) -> str:
        return str(self.upstream_id)


class TouchedService(models.Model):
    """A service whose row was changed since it was compared; written by triggers alone: `catalog/touched.py`."""

    upstream_id = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.upstream_id)
