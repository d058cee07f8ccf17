"""Set every price anew after a mark-up rule changed, and say before it does what that would be."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Max

from catalog import changes as shelf
from catalog import floored, lock
from catalog.keep_changes import keep_changes
from catalog.models import MarkupRule, PriceChange, Service
from catalog.preview import Preview, Row, compare
from catalog.pricing import Figures, RuleBook, Step, price_of
from catalog.rules import active as rules_by_id
from catalog.rules import general

_FIELDS = ("rate", "price", "own_price", "category_id", "subcategory_id", "state")
_BATCH = 2000
_TAKE_PRICES = """
    UPDATE catalog_service SET price = moved.new_price
    FROM catalog_pricechange AS moved
    WHERE moved.id > %s AND moved.service_id = catalog_service.id
"""


def reprice(*, now: datetime) -> int:
    """Apply the general active rules to all services; returns how many prices changed. Each change is kept."""
    moved: list[tuple[Service, Decimal, Decimal]] = []
    with transaction.atomic():
        lock.shelf()
        rules = general()
        for service in Service.objects.only(*_FIELDS).order_by("pk").iterator(chunk_size=_BATCH):
            rule = rules.rule_for(
                service_id=service.pk, subcategory_id=service.subcategory_id, category_id=service.category_id
            )
            price = price_of(service.rate, rule, own=service.own_price)
            if price != service.price:
                moved.append((service, service.price, price))
        _write(moved, now)
        floored.look(now=now)
        shelf.note_prices(moved=moved, now=now)
    return len(moved)


def _write(moved: list[tuple[Service, Decimal, Decimal]], now: datetime) -> None:
    """Keep each change, and let one statement take the prices from there: a hundred thousand take seconds so."""
    last = PriceChange.objects.aggregate(last=Max("pk"))["last"] or 0
    keep_changes(moved=moved, now=now)
    # Nobody else writes changes meanwhile: whoever does holds the shelf. Each service has one of them, and a join
    # finds it, where a subquery might be planned as a walk through all of them for each service.
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_PRICES, [last])


def what_if(rule: MarkupRule, steps: list[tuple[int, Decimal]], *, gone: bool = False) -> Preview:
    """What prices would be if the rule stood as it is in memory, with these steps (from quantity, percent), or were
    `gone`; for its group's customers where it has one. Nothing is written.
    """
    group_id = rule.group_id
    before = rules_by_id(group_id)
    after = {pk: each for pk, each in before.items() if pk != rule.pk}
    wanted = Figures(
        percent=rule.percent,
        fixed=rule.fixed,
        minimum_margin=rule.minimum_margin,
        rounding=rule.rounding,
        group_id=group_id,
        service_id=rule.service_id,
        subcategory_id=rule.subcategory_id,
        category_id=rule.category_id,
        steps=tuple(Step(quantity, percent) for quantity, percent in steps),
    )
    stays = rule.active and not gone
    if stays:
        after[0] = wanted
    return compare(
        _rows(),
        before=RuleBook(before.values()),
        after=RuleBook(after.values()),
        group_id=group_id,
        wish=f"{rule.pk}:{stays}:{wanted}",
    )


def _rows() -> Iterator[Row]:
    fields = ("pk", "name", "rate", "price", "category_id", "subcategory_id", "unit", "min", "max", "own_price")
    for pk, name, rate, price, category_id, subcategory_id, unit, least, most, own in (
        Service.objects.order_by("pk").values_list(*fields).iterator(chunk_size=5000)
    ):
        place = {"service_id": pk, "subcategory_id": subcategory_id, "category_id": category_id}
        yield Row(pk, name, rate, price, place, unit, least, most, own)
