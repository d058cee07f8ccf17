"""What an operator answers on the first-run page."""

from decimal import Decimal

from django import forms
from unfold.widgets import RADIO_CLASSES, UnfoldAdminDecimalFieldWidget

from reseller.first_run.prices import Question

_PERCENT = {
    "required": "Enter a percentage, such as 25.",
    "invalid": "Enter a percentage, such as 25.",
    "min_value": "A rule only adds: enter zero or more.",
    "max_value": "At most 10,000%.",
}


def _percent(label: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        min_value=Decimal(0),
        max_value=Decimal(10_000),
        decimal_places=2,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages=_PERCENT,
    )


class MarkupForm(forms.Form):
    """What is added to everything that has no rule of its own."""

    services = _percent("Per cent on services and products")
    numbers = _percent("Per cent on phone numbers")


class UnitsForm(forms.Form):
    """What a rate buys, for each kind that there is; nothing is chosen beforehand for one that nobody answered."""

    def __init__(self, *args: object, questions: list[Question], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for question in questions:
            self.fields[question.entity] = forms.TypedChoiceField(
                label=question.label,
                choices=question.choices,
                coerce=int,
                widget=forms.RadioSelect(attrs={"class": " ".join(RADIO_CLASSES)}),
                initial=question.unit if question.answered else None,
                error_messages={"required": "Compare, and choose one.", "invalid_choice": "Choose one of these."},
            )
