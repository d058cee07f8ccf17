"""What an operator fills in about numbers: mark-up rules, a country's region, what the vendor gave."""

import re

import phonenumbers
from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget

from catalog.admin_forms import RuleForm
from core.admin_acts import ReasonForm
from core.admin_base import LARGEST_ID
from sms.models import Country, MarkupRule

# Why the active rule for everything stays as long as there is no other.
ONLY_RULE = (
    "This is the only active rule for all numbers: without it, what has no rule of its own would sell at cost. "
    "Change its figures instead; zeros, if cost is what you want."
)
_PAIR = re.compile(r"#?([0-9]{1,19})[\s,;:]+(\+?[0-9][0-9 ().-]{3,40})", re.ASCII)


class MarkupRuleForm(RuleForm):
    """A rule for one place: a project, a country, or everything."""

    scopes = ("project", "country")
    only_rule = ONLY_RULE

    class Meta:
        model = MarkupRule
        fields = ("percent", "fixed", "minimum_margin", "rounding", "country", "project", "group", "active")
        help_texts = {
            "percent": "Added to the cost: 25 makes $1.00 into $1.25.",
            "active": "Only active rules count. The narrowest one that fits a project wins.",
            "group": "Only for customers of this group, for whom it wins over every general rule. Empty: for all.",
            "country": "Leave country and project empty for a rule that holds for all numbers.",
        }


class CountryForm(forms.ModelForm):
    """Which country it is, where the vendor's code does not say."""

    class Meta:
        model = Country
        fields = ("region", "hidden")
        help_texts = {
            "region": "Two letters (ISO 3166), such as US. Phones are read by it; flag and name come from it. "
            "Numbers that were bought before keep what was read of them.",
        }

    def clean_region(self) -> str:
        region: str = self.cleaned_data["region"].strip().upper()
        if region and region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValidationError("There is no country with these letters.")
        return region


class FoundForm(ReasonForm):
    """The numbers that the vendor gave, as it lists them."""

    numbers = forms.CharField(
        label="The vendor's order numbers with their phones",
        max_length=2000,
        help_text="One number a line: the vendor's order number, a space, the phone. For example: 1042 +12025550143",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Enter the numbers that the vendor gave."},
    )
    field_order = ("numbers", "reason")

    def clean_numbers(self) -> list[tuple[int, str]]:
        pairs: list[tuple[int, str]] = []
        for place, line in enumerate(self.cleaned_data["numbers"].splitlines(), 1):
            if not line.strip():
                continue
            match = _PAIR.fullmatch(line.strip())
            if match is None or not 1 <= int(match[1]) <= LARGEST_ID:
                raise ValidationError(f"Line {place}: write the order number, a space and the phone.")
            pairs.append((int(match[1]), match[2].strip()))
        if len({order for order, _phone in pairs}) != len(pairs):
            raise ValidationError("An order number is there twice.")
        if len({phone for _order, phone in pairs}) != len(pairs):
            raise ValidationError("A phone is there twice.")
        return pairs


class SendAgainForm(ReasonForm):
    """The operator's word that it is proved."""

    sure = forms.BooleanField(
        label="I looked it up: the vendor has no such purchase, and charged nothing for it.",
        error_messages={"required": "Look it up with the vendor first: sent on a guess, it may be bought twice."},
    )
    field_order = ("sure", "reason")
