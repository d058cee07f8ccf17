"""Set the prices of numbers: the vendor's price and the narrowest rule."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from catalog import lock
from catalog.preview import Preview, Row, compare
from catalog.pricing import Rule, RuleBook, price_of
from sms.models import MarkupRule, Project

SCOPES = ("project", "country")


def rule_book() -> RuleBook[Rule]:
    """The general rules: they make the price that a project's row keeps."""
    return RuleBook(MarkupRule.objects.filter(active=True, group=None), SCOPES)


def everybodys() -> RuleBook[Rule]:
    """The general rules and those of every group."""
    return RuleBook(MarkupRule.objects.filter(active=True), SCOPES)


def of_group(group_id: int) -> RuleBook[Rule]:
    """The group's own rules."""
    return RuleBook(MarkupRule.objects.filter(active=True, group=group_id), SCOPES)


def what_if(rule: MarkupRule, *, gone: bool = False) -> Preview:
    """What prices would be if the rule stood as it is in memory, or were `gone`; nothing is written."""
    group_id = rule.group_id
    found = MarkupRule.objects.filter(Q(group=None) | Q(group=group_id), active=True)
    before = {each.pk: each for each in found}
    after = {pk: each for pk, each in before.items() if pk != rule.pk}
    if rule.active and not gone:
        after[0] = rule
    fields = ("pk", "site__name", "country__name", "cost", "price", "country_id")
    rows = (
        Row(pk, f"{site}, {country}", cost, price, {"project_id": pk, "country_id": country_id})
        for pk, site, country, cost, price, country_id in Project.objects.order_by("pk").values_list(*fields)
    )
    # A rule that moves from a group to all, or the other way, is seen from where it goes.
    return compare(
        rows,
        before=RuleBook(before.values(), SCOPES),
        after=RuleBook(after.values(), SCOPES),
        group_id=group_id,
        wish=f"{rule.pk}:{rule.active and not gone}:{rule.project_id}:{rule.country_id}:{rule.percent}:{rule.fixed}:"
        f"{rule.minimum_margin}:{rule.rounding}:{group_id}",
    )


def reprice(*, now: datetime) -> int:
    """Apply the general rules to all projects; returns how many prices changed."""
    with transaction.atomic():
        lock.shelf()
        rules = rule_book()
        changed = []
        for project in Project.objects.all():
            price = price_of(project.cost, rules.rule_for(project_id=project.pk, country_id=project.country_id))
            if price != project.price:
                project.price, project.changed_at = price, now
                changed.append(project)
        Project.objects.bulk_update(changed, ["price", "changed_at"], batch_size=500)
    return len(changed)
