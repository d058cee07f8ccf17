"""The form of a mark-up rule: what the table's constraints demand, in words beside the field."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.forms.models import BaseInlineFormSet

from catalog.models import MarkupRule, Promotion

_FIGURES = ("percent", "fixed", "minimum_margin")
# Why the active rule for everything stays as long as there is no other.
ONLY_RULE = (
    "This is the only active rule for everything: without it, what has no rule of its own would sell at cost. "
    "Change its figures instead; zeros, if cost is what you want."
)


class RuleForm(forms.ModelForm):
    """A mark-up rule of any kind: its figures only add, it holds for one place, and each place has one active rule.

    `scopes` are the fields that can name the place, the narrowest first; none of them is everything. The rules of each
    customer group are apart from the general ones and from one another's.
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
        moved = bool(chosen or given.get("group"))
        if self.instance.pk and self.instance.holds_alone and (moved or not given.get("active")):
            self.add_error([*chosen, "group"][0] if moved else "active", self.only_rule)
        elif len(chosen) <= 1:
            self._one_active(given, chosen[0] if chosen else None)
        return given

    def _one_active(self, given: dict[str, Any], scope: str | None) -> None:
        if not given.get("active") or (scope is None and any(name in self.errors for name in self.scopes)):
            return
        place: dict[str, Any] = dict.fromkeys(self.scopes)
        if scope:
            place[scope] = given[scope]
        group = place["group"] = given.get("group")
        rules = self._meta.model._default_manager
        other = rules.filter(active=True, **place).exclude(pk=self.instance.pk).first()
        if other:
            what = (f"this {scope}" if scope else "everything") + (f" and {group}" if group else "")
            instead = "change that one, or make it inactive first." if scope else "change that one instead."
            self.add_error(scope or "active", f"Rule {other.pk} is active for {what} already: {instead}")


class MarkupRuleForm(RuleForm):
    """A rule for one place: a service, a subcategory, a category, or everything."""

    scopes = ("service", "subcategory", "category")
    only_rule = ONLY_RULE

    class Meta:
        model = MarkupRule
        fields = (
            "percent",
            "fixed",
            "minimum_margin",
            "rounding",
            "category",
            "subcategory",
            "service",
            "group",
            "active",
        )
        help_texts = {
            "percent": "Added to the cost: 25 makes $1.00 into $1.25.",
            "active": "Only active rules count. The narrowest one that fits a service wins.",
            "group": "Only for customers of this group, for whom it wins over every general rule. Empty: for all.",
            "category": "Leave category, subcategory and service empty for a rule that holds for everything.",
        }


class StepsFormSet(BaseInlineFormSet):
    """The steps of a rule: whoever orders more never pays more for a piece."""

    def clean(self) -> None:
        super().clean()
        before = self.instance.percent
        rows = [form for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        if any(form.errors for form in rows) or before is None:
            return
        for form in sorted(rows, key=lambda form: form.cleaned_data["from_quantity"]):
            percent = form.cleaned_data["percent"]
            if percent >= before:
                form.add_error("percent", f"Enter less than {before.normalize():f}, which is asked of smaller orders.")
            before = percent


class PromotionForm(forms.ModelForm):
    """A promotion code: one way to take something off, and a time that has a beginning before its end."""

    class Meta:
        model = Promotion
        fields = (
            *("code", "percent", "fixed", "category", "minimum_charge", "begins_at", "ends_at"),
            *("most_uses", "most_uses_each", "active", "note"),
        )

    def clean_code(self) -> str:
        code = Promotion.spelt(self.cleaned_data["code"])
        if any(letter.isspace() for letter in code):
            raise forms.ValidationError("A code has no spaces in it.")
        if Promotion.objects.filter(code=code).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("There is such a code already.")
        return code

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if "percent" in self.fields and not self.errors:
            percent, fixed = given.get("percent") or Decimal(0), given.get("fixed") or Decimal(0)
            if not 0 <= percent <= 100:
                self.add_error("percent", "Enter a percentage from 0 to 100.")
            elif fixed < 0:
                self.add_error("fixed", "Enter what is taken off, zero or more.")
            elif bool(percent) == bool(fixed):
                self.add_error("fixed", "Enter either a percentage or an amount.")
        if (given.get("minimum_charge") or Decimal(0)) < 0:
            self.add_error("minimum_charge", "Enter zero or more.")
        if given.get("begins_at") and given.get("ends_at") and given["begins_at"] >= given["ends_at"]:
            self.add_error("ends_at", "It has to end after it begins.")
        return given
