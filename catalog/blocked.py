"""Which services are not sold because the blocklist says so: marked in their rows, so that lists need not look."""

from collections.abc import Collection

from django.db import transaction

from catalog import lock
from catalog.models import Category, Service
from catalog.search import fold
from conduct.models import Block

_KINDS = (Block.Kind.CATEGORY, Block.Kind.SERVICE)


def mark() -> int:
    """Mark every service by the entries of now; returns how many are blocked.

    Only rows that are blocked, were, or will be are written. To be called after the list, a name or a category of
    any service has changed.
    """
    with transaction.atomic():
        lock.shelf()
        Service.objects.exclude(block=None).update(block=None)
        blocks = list(Block.objects.filter(active=True, kind__in=_KINDS).order_by("pk"))
        named = _categories_named({block.match for block in blocks if block.kind == Block.Kind.CATEGORY})
        count = 0
        for block in blocks:
            free = Service.objects.filter(block=None)
            if block.kind == Block.Kind.CATEGORY:
                count += free.filter(category__in=named.get(block.match, [])).update(block=block)
            else:
                count += free.filter(search_text__contains=block.match).update(block=block)
        return count


def _categories_named(names: set[str]) -> dict[str, list[int]]:
    """Ids of categories by each of these folded names: the shop's, in both languages, or the vendor's."""
    found: dict[str, list[int]] = {}
    if names:
        for category in Category.objects.all():
            for name in {fold(category.name), fold(category.name_zh), fold(category.vendor_name or "")} & names:
                found.setdefault(name, []).append(category.pk)
    return found


def reason(service_id: int) -> Block | None:
    """The entry because of which the service is not sold, if that is why."""
    return reasons([service_id]).get(service_id)


def reasons(service_ids: Collection[int]) -> dict[int, Block]:
    """The entries because of which any of the services are not sold, by service. One query."""
    found = Service.objects.filter(pk__in=service_ids, block__isnull=False).select_related("block")
    return {service.pk: service.block for service in found if service.block}
