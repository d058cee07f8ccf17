"""What every page of the admin shares: how lists search, how money is typed and shown, what can't be changed."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Field, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from core import money

NOTHING = "–"
# The largest id a database column keeps; a longer number in a search box is no id.
LARGEST_ID = 2**63 - 1


class AmountField(forms.DecimalField):
    """An amount in USD as a person types it, read by the one door from text to money."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        if isinstance(value, Decimal):
            return value
        try:
            return money.parse(str(value))
        except money.BadAmount as error:
            raise ValidationError(str(error), code="invalid") from None

    def prepare_value(self, value: Any) -> Any:
        return money.plain(value) if isinstance(value, Decimal) else value


class ShopAdmin(ModelAdmin):
    """Lists that stay quick on large tables, and saves that write only what the form changed."""

    show_full_result_count = False
    list_per_page = 50
    compressed_fields = True
    warn_unsaved_form = True
    # Whole numbers in the search box are also looked up here, exactly.
    search_numbers: ClassVar[Sequence[str]] = ("pk",)
    formfield_overrides: Mapping[type["Field[Any, Any]"], Mapping[str, Any]] = {
        money.MoneyField: {
            "form_class": AmountField,
            "widget": UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        }
    }

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        number = search_term.strip().removeprefix("#")
        if number.isascii() and number.isdigit() and int(number[:20]) <= LARGEST_ID:
            exact = Q()
            for field in self.search_numbers:
                exact |= Q(**{field: int(number)})
            found |= queryset.filter(exact)
        return found, may_have_duplicates

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        # The other columns may have changed since this row was read: workers write them.
        columns = {field.name for field in obj._meta.concrete_fields}
        obj.save(update_fields=[name for name in form.changed_data if name in columns])


class ReadOnlyAdmin(ShopAdmin):
    """Rows that nobody adds, changes or deletes by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def usd(amount: Decimal | None) -> str:
    """`$1,234.50`, or a dash for nothing."""
    return NOTHING if amount is None else money.show(amount)


def per_unit(amount: Decimal, unit: int) -> str:
    """`$1.20 per 1,000`, `$0.35 each`: `amount` in USD for `unit` pieces."""
    return f"{money.show(amount)} each" if unit == 1 else f"{money.show(amount)} per {unit:,}"


def margin(cost: Decimal, price: Decimal) -> str:
    """`$0.20 (16.7%)`: what is left of `price`, in USD and as its share of the price."""
    left = price - cost
    return f"{money.show(left)} ({left / price:.1%})" if price else money.show(left)


def page_link(name: str, pk: Any, text: object) -> SafeString:
    """A link to the admin's page `name` (`orders_order_change`) of the row `pk`."""
    return format_html('<a href="{}" class="text-link">{}</a>', reverse(f"admin:{name}", args=[pk]), text)


def list_link(name: str, text: object, **filters: str | int) -> SafeString:
    """A link to the admin's list `name` (`orders_order_changelist`), filtered."""
    return format_html('<a href="{}?{}" class="text-link">{}</a>', reverse(f"admin:{name}"), urlencode(filters), text)
