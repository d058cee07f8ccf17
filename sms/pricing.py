"""Set the prices of numbers: the vendor's price and the narrowest rule."""

from datetime import datetime

from django.db import transaction

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


def reprice(*, now: datetime) -> int:
    """Apply the general rules to all projects; returns how many prices changed."""
    with transaction.atomic():
        rules = rule_book()
        changed = []
        for project in Project.objects.all():
            price = price_of(project.cost, rules.rule_for(project_id=project.pk, country_id=project.country_id))
            if price != project.price:
                project.price, project.changed_at = price, now
                changed.append(project)
        Project.objects.bulk_update(changed, ["price", "changed_at"], batch_size=500)
    return len(changed)
