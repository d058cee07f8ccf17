"""What an operator says of services: of one on its page, of many at once."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from catalog.models import Category, Service
from catalog.models.shelf import LAST
from catalog.override import least_own_price
from core.admin_base import AmountField
from core.money import show

PLACE = "1 stands first in its list; those without a place follow by name."
_OURS = ("own_name", "name_zh", "description", "description_zh", "own_category", "own_price", "position")


class PlaceField(forms.IntegerField):
    """A place in the list, empty for none."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"}))
        super().__init__(required=False, min_value=1, max_value=LAST - 1, **kwargs)


class ServiceForm(forms.ModelForm):
    """One service: what is said of it instead of the vendor's words."""

    position = PlaceField(label="Place", help_text=PLACE)

    class Meta:
        model = Service
        fields = (*_OURS, "hidden")
        widgets = {name: UnfoldAdminTextareaWidget(attrs={"rows": 4}) for name in ("description", "description_zh")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.initial.get("position") == LAST:
            self.initial["position"] = None

    def clean_own_name(self) -> str:
        return str(self.cleaned_data["own_name"]).strip()

    def clean_position(self) -> int:
        return self.cleaned_data["position"] or LAST

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        price: Decimal | None = given.get("own_price")
        if price is not None and ("own_price" in self.changed_data or "own_category" in self.changed_data):
            category: Category | None = given.get("own_category")
            least = least_own_price(self.instance, category.pk if category else None)
            if price < least:
                self.add_error("own_price", f"At least {show(least)}: the cost and the minimum margin of its rule.")
        return given

    @property
    def wish(self) -> dict[str, Any]:
        """What changed of our own words, as `catalog.override` takes it."""
        changed = {name: self.cleaned_data[name] for name in _OURS if name in self.changed_data}
        if "own_category" in changed:
            category = changed.pop("own_category")
            changed["own_category_id"] = category.pk if category else None
        return changed


class ManyForm(forms.Form):
    """Many services at once; what is left empty stays as it is with each."""

    category = forms.ModelChoiceField(
        Category.objects.all(),
        label="Move to the category",
        required=False,
        empty_label="Leave as it is",
        widget=UnfoldAdminSelectWidget,
    )
    price = AmountField(
        label="Own price",
        required=False,
        max_digits=18,
        help_text="USD for one rate unit of each. Empty: leave as it is.",
    )
    position = PlaceField(label="Place", help_text=f"{PLACE} Empty: leave as it is.")
    description = forms.CharField(
        label="Description", max_length=5000, required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )
    description_zh = forms.CharField(
        label="Description in Chinese",
        max_length=5000,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not self.wish:
            raise ValidationError("Enter what should change.")
        return given

    @property
    def wish(self) -> dict[str, Any]:
        """What changes of each, as `catalog.override` takes it."""
        given = self.cleaned_data
        found = {
            "own_category_id": given["category"].pk if given.get("category") else None,
            "own_price": given.get("price"),
            "position": given.get("position"),
            "description": given.get("description"),
            "description_zh": given.get("description_zh"),
        }
        return {name: value for name, value in found.items() if value not in (None, "")}


class RenameForm(forms.Form):
    """Other words in the names of many."""

    find = forms.CharField(
        label="Find", max_length=200, strip=False, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"})
    )
    replace = forms.CharField(
        label="Replace by",
        max_length=200,
        strip=False,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="Empty: the words are taken out. Capital and small letters are told apart.",
    )
    chinese = forms.BooleanField(label="In the Chinese names", required=False, widget=UnfoldBooleanWidget)

    def clean_find(self) -> str:
        find: str = self.cleaned_data["find"]
        if not find.strip():
            raise ValidationError("Enter the words to be found.")
        return find


class ResetForm(forms.Form):
    """What the vendor shall say again."""

    names = forms.BooleanField(label="Names, in both languages", required=False, widget=UnfoldBooleanWidget)
    category = forms.BooleanField(label="Category", required=False, widget=UnfoldBooleanWidget)
    price = forms.BooleanField(label="Price: as the mark-up rules say", required=False, widget=UnfoldBooleanWidget)
    descriptions = forms.BooleanField(
        label="Descriptions: none, since the vendor has none", required=False, widget=UnfoldBooleanWidget
    )
    place = forms.BooleanField(label="Place: none", required=False, widget=UnfoldBooleanWidget)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.wish:
            raise ValidationError("Choose what should be the vendor's again.")
        return given

    @property
    def wish(self) -> dict[str, Any]:
        """What is taken back, as `catalog.override` takes it."""
        parts: dict[str, dict[str, Any]] = {
            "names": {"own_name": "", "name_zh": ""},
            "category": {"own_category_id": None},
            "price": {"own_price": None},
            "descriptions": {"description": "", "description_zh": ""},
            "place": {"position": LAST},
        }
        return {
            name: value for part, wish in parts.items() if self.cleaned_data.get(part) for name, value in wish.items()
        }
