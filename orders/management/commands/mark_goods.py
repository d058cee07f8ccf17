"""`mark_goods`: mark every delivered item that has no mark yet; a run that was broken off is simply begun again."""

import json
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orders.mark_goods import mark_goods
from orders.models import DeliveredItem


class Command(BaseCommand):
    help = "Mark delivered items that were there before marks were, and print how many as JSON."

    def handle(self, **options: Any) -> None:
        marked = 0
        while batch := mark_goods(now=timezone.now()):
            marked += batch
        left = DeliveredItem.objects.filter(mark="").count()
        self.stdout.write(json.dumps({"marked": marked, "unmarked": left}))
