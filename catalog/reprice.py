"""Set every price anew after a mark-up rule changed."""

from datetime import datetime

from django.db import transaction

from catalog import changes as shelf
from catalog.models import PriceChange, Service
from catalog.pricing import price_of
from catalog.rules import general


def reprice(*, now: datetime) -> int:
    """Apply the general active rules to all services; returns how many prices changed. Each change is kept."""
    changed: list[Service] = []
    changes: list[PriceChange] = []
    with transaction.atomic():
        rules = general()
        for service in Service.objects.only("rate", "price", "category_id", "subcategory_id", "state").iterator():
            rule = rules.rule_for(
                service_id=service.pk, subcategory_id=service.subcategory_id, category_id=service.category_id
            )
            price = price_of(service.rate, rule)
            if price == service.price:
                continue
            changes.append(
                PriceChange(
                    service=service,
                    old_rate=service.rate,
                    new_rate=service.rate,
                    old_price=service.price,
                    new_price=price,
                    changed_at=now,
                )
            )
            service.price = price
            changed.append(service)
        Service.objects.bulk_update(changed, ["price"], batch_size=500)
        PriceChange.objects.bulk_create(changes, batch_size=500)
        shelf.note_prices(moved=[(each.service, each.old_price, each.new_price) for each in changes], now=now)
    return len(changed)
