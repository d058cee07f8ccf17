"""The active mark-up rules of the catalogue, from the table."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from django.db.models import F, Q, QuerySet

from catalog.models import MarkupRule, Service
from catalog.pricing import Figures, Rule, RuleBook, Step
from core.prepared import ID, Prepared, given

_FIELDS = (
    *("pk", "percent", "fixed", "minimum_margin", "rounding"),
    *("group_id", "service_id", "subcategory_id", "category_id"),
    *("steps__from_quantity", "steps__percent"),
)


def general() -> RuleBook[Rule]:
    """The rules that make the price which a service's row keeps: those of no group."""
    return RuleBook(general_rows())


def general_rows() -> list[MarkupRule]:
    """What `general` is made of. One query."""
    return list(MarkupRule.objects.filter(active=True, group=None))


def everybodys() -> RuleBook[Rule]:
    """The general rules and those of every group."""
    return RuleBook(MarkupRule.objects.filter(active=True))


def of_group(group_id: int) -> RuleBook[Figures]:
    """The group's own rules, with their steps. One query."""
    return RuleBook(_figures(Q(group=group_id)).values())


def active(group_id: int | None) -> dict[int, Figures]:
    """The general rules and, where one is named, those of a group, with their steps, by the rule's id. One query."""
    wanted = Q(group=None) if group_id is None else Q(group=None) | Q(group=group_id)
    return _figures(wanted)


def general_for(services: Collection[Service]) -> RuleBook[Figures]:
    """The general rules that fit any of the services, with their steps. One query."""
    if len(services) == 1:
        [one] = services
        place = {"service": one.pk, "subcategory": one.subcategory_id, "category": one.category_id}
        return RuleBook(_read(_GENERAL_FOR_ONE.all(**place)).values())
    return RuleBook(
        _figures(
            Q(group=None),
            Q(service__in=[service.pk for service in services])
            | Q(subcategory__in={service.subcategory_id for service in services if service.subcategory_id})
            | Q(category__in={service.category_id for service in services})
            | Q(service=None, subcategory=None, category=None),
        ).values()
    )


def _figures(*wanted: Q) -> dict[int, Figures]:
    return _read(_rows(*wanted))


def _rows(*wanted: Q) -> QuerySet[MarkupRule, tuple[Any, ...]]:
    # A row for each step; a rule without one has a row all the same.
    rows = MarkupRule.objects.filter(*wanted, active=True).order_by("pk", F("steps__from_quantity").asc())
    return rows.values_list(*_FIELDS)


# A service without a subcategory asks for the rules of none: in SQL nothing is equal to NULL.
_GENERAL_FOR_ONE = Prepared(
    lambda: _rows(
        Q(group=None),
        Q(service_id=given("service", ID))
        | Q(subcategory_id=given("subcategory", ID))
        | Q(category_id=given("category", ID))
        | Q(service=None, subcategory=None, category=None),
    )
)


def _read(rows: Iterable[tuple[Any, ...]]) -> dict[int, Figures]:
    found: dict[int, Figures] = {}
    steps: dict[int, list[Step]] = {}
    for (
        pk,
        percent,
        fixed,
        margin,
        rounding,
        group,
        service,
        subcategory,
        category,
        quantity,
        stepped,
    ) in rows:
        found.setdefault(
            pk,
            Figures(
                percent=percent,
                fixed=fixed,
                minimum_margin=margin,
                rounding=rounding,
                group_id=group,
                service_id=service,
                subcategory_id=subcategory,
                category_id=category,
            ),
        )
        if quantity is not None:
            steps.setdefault(pk, []).append(Step(quantity, stepped))
    for pk, its in steps.items():
        found[pk] = replace(found[pk], steps=tuple(its))
    return found
