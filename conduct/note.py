"""Keep who tried to buy what is not sold; so many rows an entry, the oldest go."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.models import User
from conduct.models import Block, Hit

MOST = 500
_LONGEST = 300


def hit(*, block: Block, customer: User, what: str, now: datetime) -> None:
    """Count that `customer` tried `what`. Call it outside of the transaction that the refusal ends."""
    what = what.replace("\x00", "")[:_LONGEST]
    with transaction.atomic():
        # The entry may be gone by now: then there is nothing to count.
        if not Block.objects.filter(pk=block.pk).update(hits=F("hits") + 1, last_hit_at=now):
            return
        # Its row is locked, so two at once are one after the other here.
        again = Hit.objects.filter(block=block, customer=customer, what=what)
        if again.update(times=F("times") + 1, last_at=now):
            return
        Hit.objects.create(block=block, customer=customer, what=what, first_at=now, last_at=now)
        kept = Hit.objects.filter(block=block).order_by("-last_at", "-pk").values_list("pk", flat=True)
        oldest = list(kept[MOST : MOST + 100])
        if oldest:
            Hit.objects.filter(pk__in=oldest).delete()
