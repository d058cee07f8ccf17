"""The form of a mark-up rule: what the table's constraints demand, in words beside the field."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms

from catalog.models import MarkupRule

_FIGURES = ("percent", "fixed", "minimum_margin")
# Why the active rule for everything stays as long as there is no other.
ONLY_RULE = (
    "This is the only active rule for everything: without it, what has no rule of its own would sell at cost. "
    "Change its figures instead; zeros, if cost is what you want."
)


class RuleForm(forms.ModelForm):
    """A mark-up rule of any kind: its figures only add, it holds for one place, and each place has one active rule.

    `scopes` are the fields that can name the place, the narrowest first; none of them is everything.
    """

    scopes: ClassVar[tuple[str, ...]]
    only_rule: ClassVar[str]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        for name in _FIGURES:
            if (given.get(name) or Decimal(0)) < 0:
                self.add_error(name, "A rule only adds: enter zero or more.")
        if given.get("rounding") is not None and given["rounding"] <= 0:
            self.add_error("rounding", "Enter the step that prices are rounded up to, such as 0.0001.")
        chosen = [name for name in self.scopes if given.get(name)]
        for name in chosen[1:]:
            self.add_error(name, f"Choose one place: there is a {chosen[0]} already.")
        if self.instance.pk and self.instance.holds_alone and (chosen or not given.get("active")):
            self.add_error(chosen[0] if chosen else "active", self.only_rule)
        elif len(chosen) <= 1:
            self._one_active(given, chosen[0] if chosen else None)
        return given

    def _one_active(self, given: dict[str, Any], scope: str | None) -> None:
        if not given.get("active") or (scope is None and any(name in self.errors for name in self.scopes)):
            return
        place: dict[str, Any] = dict.fromkeys(self.scopes)
        if scope:
            place[scope] = given[scope]
        rules = self._meta.model._default_manager
        other = rules.filter(active=True, **place).exclude(pk=self.instance.pk).first()
        if other:
            what = f"this {scope}" if scope else "everything"
            instead = "change that one, or make it inactive first." if scope else "change that one instead."
            self.add_error(scope or "active", f"Rule {other.pk} is active for {what} already: {instead}")


class MarkupRuleForm(RuleForm):
    """A rule for one place: a service, a subcategory, a category, or everything."""

    scopes = ("service", "subcategory", "category")
    only_rule = ONLY_RULE

    class Meta:
        model = MarkupRule
        fields = ("percent", "fixed", "minimum_margin", "rounding", "category", "subcategory", "service", "active")
        help_texts = {
            "percent": "Added to the cost: 25 makes $1.00 into $1.25.",
            "active": "Only active rules count. The narrowest one that fits a service wins.",
            "category": "Leave category, subcategory and service empty for a rule that holds for everything.",
        }
