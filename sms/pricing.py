"""Set the prices of numbers: the vendor's price and the narrowest rule."""

from datetime import datetime

from django.db import transaction

from catalog.pricing import RuleBook, price_of
from sms.models import MarkupRule, Project

SCOPES = ("project", "country")


def rule_book() -> RuleBook:
    """The active rules."""
    return RuleBook(MarkupRule.objects.filter(active=True), SCOPES)


def reprice(*, now: datetime) -> int:
    """Apply the active rules to all projects; returns how many prices changed."""
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
