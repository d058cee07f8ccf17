"""The active mark-up rules of the catalogue, from the table."""

from collections.abc import Collection
from dataclasses import replace

from django.db.models import F, Q

from catalog.models import MarkupRule, Service
from catalog.pricing import Figures, Rule, RuleBook, Step

_FIELDS = (
    *("pk", "percent", "fixed", "minimum_margin", "rounding"),
    *("group_id", "service_id", "subcategory_id", "category_id"),
    *("steps__from_quantity", "steps__percent"),
)


def general() -> RuleBook[Rule]:
    """The rules that make the price which a service's row keeps: those of no group."""
    return RuleBook(MarkupRule.objects.filter(active=True, group=None))


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
    # A row for each step; a rule without one has a row all the same.
    rows = MarkupRule.objects.filter(*wanted, active=True).order_by("pk", F("steps__from_quantity").asc())
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
    ) in rows.values_list(*_FIELDS):
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
